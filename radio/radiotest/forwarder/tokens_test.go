package forwarder

import "testing"

func TestTokens(t *testing.T) {
	t.Parallel()
	var sent tokens
	sent.send(7)
	sent.send(7) // random, and on its way already
	for i, want := range []bool{true, true, false} {
		if sent.acknowledge(7) != want {
			t.Errorf("acknowledgement %d of a token that was sent twice: want %v", i+1, want)
		}
	}
	for i := range maxTokens + 10 { // nobody there
		sent.send(uint16(i))
	}
	if !sent.acknowledge(maxTokens+9) || !sent.acknowledge(10) || sent.acknowledge(9) {
		t.Error("want the newest remembered, and only the oldest forgotten")
	}
}
