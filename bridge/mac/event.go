package mac

import "github.com/brocaar/lorawan"

// Kind of an Event, as one stable word.
type Kind string

// The kinds of events.
const (
	StatusReported Kind = "status"      // DevStatusAns: Battery and Margin are set
	Refused        Kind = "refused"     // the node will not take a setting; it is not asked again for that value
	Unanswered     Kind = "unanswered"  // the node has ignored a request many times; it is asked ever more rarely
	ClassChanged   Kind = "class"       // DeviceModeInd: Detail is "A" or "C"
	ResetIndicated Kind = "reset"       // ResetInd: an ABP node has forgotten its MAC parameters
	Rekeyed        Kind = "rekey"       // RekeyInd: an OTAA node of LoRaWAN 1.1 uses its new keys
	ClassBRefused  Kind = "class_b"     // the node asked for, or signals, class B, which is not served
	UnknownCommand Kind = "unknown_cid" // CID is not known to the node's version, or cut short: the rest of the commands is lost
)

// Event is something that the operator may want to know. Comparable with ==.
type Event struct {
	Kind    Kind
	CID     lorawan.CID // of the command concerned
	Battery uint8       // 0: external power; 1..254: empty to full; 255: unknown
	Margin  int8        // dB, of the last DevStatusReq as the node heard it: -32..31
	Detail  string      // for a human; may be empty
}
