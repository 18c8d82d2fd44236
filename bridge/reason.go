package bridge

// Reason says why a frame was not accepted, as one stable word.
type Reason string

// The reasons.
const (
	Malformed      Reason = "malformed"        // not a LoRaWAN R1 frame
	NotUplink      Reason = "not_uplink"       // a downlink, e.g. of another gateway, or proprietary
	Unsupported    Reason = "unsupported"      // an uplink type this version does not serve: rejoin
	UnknownDevAddr Reason = "unknown_dev_addr" // no node of the table has that DevAddr
	UnknownDevEUI  Reason = "unknown_dev_eui"  // join request of a node not in the table
	WrongJoinEUI   Reason = "wrong_join_eui"   // join request with another JoinEUI than configured
	BadMIC         Reason = "bad_mic"          // no session key of that DevAddr, or AppKey, fits
	Replay         Reason = "replay"           // FCnt not above the last accepted one
	Retransmission Reason = "retransmission"   // confirmed frame sent again: acknowledged again, not published again
	Duplicate      Reason = "duplicate"        // the same transmission, heard once more
	FCntGap        Reason = "f_cnt_gap"        // FCnt more than MaxFCntGap ahead
	DevNonceUsed   Reason = "dev_nonce_used"   // join request replayed, or a node that forgot its nonces
	NoDevAddr      Reason = "no_dev_addr"      // every DevAddr of the NetID is taken
	StoreFailed    Reason = "store_failed"     // could not be made durable, so neither acknowledged nor published
)

// Reasons lists all of them.
func Reasons() []Reason {
	return []Reason{
		Malformed, NotUplink, Unsupported, UnknownDevAddr, UnknownDevEUI, WrongJoinEUI, BadMIC, Replay,
		Retransmission, Duplicate, FCntGap, DevNonceUsed, NoDevAddr, StoreFailed,
	}
}
