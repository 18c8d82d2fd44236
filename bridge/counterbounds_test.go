package bridge

import "testing"

// A downlink counter that is used up is not used again.
func TestFCntDownUsedUp(t *testing.T) {
	t.Parallel()
	last := ^uint32(0) - 1
	for name, tt := range map[string]struct {
		session     session
		application bool
		ok          bool
	}{
		"1.0, one left":             {session{nFCntDown: last}, true, true},
		"1.0, none":                 {session{nFCntDown: last + 1}, true, false},
		"1.1, none for the network": {session{v11: true, nFCntDown: last + 1}, false, false},
		"1.1, the application's":    {session{v11: true, nFCntDown: last + 1}, true, true},
		"1.1, none for it":          {session{v11: true, aFCntDown: last + 1}, true, false},
		"1.1, the network's":        {session{v11: true, aFCntDown: last + 1}, false, true},
	} {
		s := tt.session
		if _, ok := s.takeFCntDown(tt.application); ok != tt.ok {
			t.Errorf("%s: %v", name, ok)
		}
		if raw, _, ok := s.seal(letter{item: &item{FPort: 1}}); tt.session.aFCntDown > last && s.v11 && (ok || raw != nil) {
			t.Errorf("%s: sealed with a counter that was used before", name)
		}
	}
	for _, tt := range []struct{ a, b, want uint32 }{{1, 2, 3}, {last, 1, last + 1}, {last, 2, last + 1}, {last + 1, 4000, last + 1}} {
		if got := addSaturated(tt.a, tt.b); got != tt.want {
			t.Errorf("%d and %d: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// The counters of as many copies of a confirmed downlink as fit are
// remembered, the latest last.
func TestNoteConfirmed(t *testing.T) {
	t.Parallel()
	var s session
	for i := range uint32(maxConfs + 3) {
		s.noteConfirmed(70_000 + i)
	}
	if s.confCount != maxConfs || s.confs[0] != 70_003-65_536 || s.confs[maxConfs-1] != 70_010-65_536 {
		t.Errorf("%d remembered: %v", s.confCount, s.confs)
	}
}
