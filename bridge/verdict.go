package bridge

import "slices"

// The verdicts on frames that are no Reason.
const (
	verdictAccepted = "accepted"
	verdictJoined   = "joined"
	verdictSent     = "sent"
	verdictNotSent  = "not_sent"
	verdictDownlink = "downlink" // of Explain: nothing is decided about it
)

// Meanings says of every verdict on a frame what it means and what to do, in a
// sentence. The longer answers are in docs/logs.md.
func Meanings() map[string]string {
	all := map[string]string{
		verdictAccepted: "Accepted: on disk, and on its way to the hub.",
		verdictJoined:   "A join request that is answered: the node gets a session.",
		verdictSent:     "Sent by the concentrator.",
		verdictNotSent:  "No concentrator sent it; the detail says why.",
		verdictDownlink: "A downlink: nothing is decided about it.",
	}
	for _, r := range Reasons() {
		all[string(r)] = r.Meaning()
	}
	return all
}

// Dropped reports whether a verdict is a reason why a frame was dropped.
func Dropped(verdict string) bool { return slices.Contains(Reasons(), Reason(verdict)) }

// Meaning is what the reason means and what to do, in a sentence.
func (r Reason) Meaning() string {
	switch r {
	case Malformed:
		return "Not a LoRaWAN frame: noise, another protocol, or a broken node."
	case NotUplink:
		return "Not an uplink: another gateway's downlink, or another protocol that no device is named for."
	case Unsupported:
		return "A rejoin request of a node that is not configured for LoRaWAN 1.1: set its version."
	case UnknownDevAddr:
		return "No node of yours has this DevAddr: a neighbour's, or one missing in the configuration."
	case UnknownDevEUI:
		return "No node of yours has this DevEUI: a neighbour's, or one missing in the configuration."
	case WrongNetID:
		return "A rejoin request for another network: it joins anew by itself, or is not yours."
	case WrongJoinEUI:
		return "The node joins with another JoinEUI (AppEUI) than configured: correct one of them."
	case BadMIC:
		return "No key of the nodes with this address fits: a mistyped key, or a stranger's node."
	case Replay:
		return "The frame counter did not rise: a replay, or an ABP node that restarted; see counters in its configuration."
	case Retransmission:
		return "The same frame again, from the node: it may not hear the acknowledgements."
	case Duplicate:
		return "The same transmission, heard once more."
	case FCntGap:
		return "The counter jumped by more than 16,384: let the node join again."
	case DevNonceUsed:
		return "This join request came before: a replay, or a node that forgets its DevNonce; gatewayd reset-nonces lets it in once."
	case RejoinCountUsed:
		return "This rejoin request came before: a replay, or a node that forgets its counter."
	case NoDevAddr:
		return "The address block of net_id is used up: remove nodes that no longer exist."
	case StoreFailed:
		return "It could not be written to disk, and was not acknowledged: see the disk."
	default:
		return ""
	}
}
