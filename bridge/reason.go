package bridge

// Reason says why a frame was not accepted, as one stable word.
type Reason string

// The reasons.
const (
	Malformed       Reason = "malformed"         // not a LoRaWAN R1 frame
	NotUplink       Reason = "not_uplink"        // a downlink, e.g. of another gateway, or proprietary and no device takes such
	Unsupported     Reason = "unsupported"       // a rejoin request of a node that is not configured for LoRaWAN 1.1
	UnknownDevAddr  Reason = "unknown_dev_addr"  // no node of the table has that DevAddr
	UnknownDevEUI   Reason = "unknown_dev_eui"   // join request of a node not in the table
	WrongNetID      Reason = "wrong_net_id"      // rejoin request in another network
	WrongJoinEUI    Reason = "wrong_join_eui"    // join request with another JoinEUI than configured
	BadMIC          Reason = "bad_mic"           // no session key of that DevAddr, or AppKey, fits
	Replay          Reason = "replay"            // FCnt not above the last accepted one
	Retransmission  Reason = "retransmission"    // frame sent again: if confirmed acknowledged again, never published again
	Duplicate       Reason = "duplicate"         // the same transmission, heard once more
	FCntGap         Reason = "f_cnt_gap"         // FCnt more than MaxFCntGap ahead
	DevNonceUsed    Reason = "dev_nonce_used"    // join request replayed, or a node that forgot its nonces: see reset-nonces
	RejoinCountUsed Reason = "rejoin_count_used" // rejoin request replayed
	NoDevAddr       Reason = "no_dev_addr"       // every DevAddr of the NetID is taken
	StoreFailed     Reason = "store_failed"      // could not be made durable, so neither acknowledged nor published
)

// Reasons lists all of them.
func Reasons() []Reason {
	return []Reason{
		Malformed, NotUplink, Unsupported, UnknownDevAddr, UnknownDevEUI, WrongNetID, WrongJoinEUI, BadMIC, Replay,
		Retransmission, Duplicate, FCntGap, DevNonceUsed, RejoinCountUsed, NoDevAddr, StoreFailed,
	}
}
