package forwarder

import "testing"

func TestTokens(t *testing.T) {
	t.Parallel()
	var sent tokens
	sent.send(7)
	sent.send(7) // random, and on its way already
	if !sent.acknowledge(7) || !sent.acknowledge(7) || sent.acknowledge(7) {
		t.Error("a token that was sent twice is to be acknowledged twice")
	}
	for i := range maxTokens + 10 { // nobody there
		sent.send(uint16(i))
	}
	if !sent.acknowledge(maxTokens+9) || !sent.acknowledge(10) || sent.acknowledge(9) {
		t.Error("want the newest remembered, and only the oldest forgotten")
	}
}
