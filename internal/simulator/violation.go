package simulator

import "fmt"

// Rule names what an emission broke, as one stable word.
type Rule string

// The rules.
const (
	RuleWindow     Rule = "window"      // no receive window was open
	RuleFrequency  Rule = "frequency"   // not the window's
	RuleDataRate   Rule = "data_rate"   // not the window's
	RuleInvertIQ   Rule = "invert_iq"   // downlinks are sent with inverted I/Q
	RuleCRC        Rule = "crc"         // downlinks carry no payload CRC
	RulePreamble   Rule = "preamble"    // LoRaWAN has 8 symbols
	RuleCodingRate Rule = "coding_rate" // LoRaWAN uses 4/5, ISM2400 4/8
	RuleDwell      Rule = "dwell"       // longer than the dwell time the network itself has set
	RuleSize       Rule = "size"        // more than the data rate bears
	RuleAddress    Rule = "address"     // for no node on the air
	RuleMalformed  Rule = "malformed"   // not a frame a node can parse
	RuleReserved   Rule = "reserved"    // a bit or port that the specification reserves
	RuleMIC        Rule = "mic"         // right address, wrong MIC
	RuleFCnt       Rule = "f_cnt"       // FCntDown reused, or beyond MAX_FCNT_GAP
	RuleACK        Rule = "ack"         // ACK with no confirmed uplink waiting for one
	RuleJoinAccept Rule = "join_accept" // DLSettings or CFList the region does not have
	RuleJoinNonce  Rule = "join_nonce"  // AppNonce used before; JoinNonce not growing
	RuleCommand    Rule = "command"     // a MAC command cut off, unknown to the version, or not asked for
	RuleConfirmed  Rule = "confirmed"   // a second confirmed downlink before the first is answered
	RuleMulticast  Rule = "multicast"   // what a multicast frame may not have
)

// Violation is an emission that a real node would not have received, or that
// the specification forbids.
type Violation struct {
	Node   string // "" if no one node is concerned
	Count  uint32 // concentrator's counter at the start of the preamble
	Rule   Rule
	Detail string
}

// String is one line with every number that matters.
func (v Violation) String() string {
	node := v.Node
	if node == "" {
		node = "no node"
	}
	return fmt.Sprintf("%s: %s: %s (at counter %d)", node, v.Rule, v.Detail, v.Count)
}
