package forwarder

import "slices"

// maxTokens is how many datagrams without an acknowledgement are remembered:
// while the server is away there are ever more of them.
const maxTokens = 1000

// tokens are those of datagrams that have not been acknowledged, the oldest
// first. They are random, so one may be on its way twice.
type tokens []uint16

// send notes one; the oldest is forgotten if there are too many.
func (t *tokens) send(token uint16) {
	if len(*t) >= maxTokens {
		*t = slices.Delete(*t, 0, 1)
	}
	*t = append(*t, token)
}

// acknowledge takes one off, and reports whether it was on its way.
func (t *tokens) acknowledge(token uint16) bool {
	i := slices.Index(*t, token)
	if i < 0 {
		return false
	}
	*t = slices.Delete(*t, i, i+1)
	return true
}
