package lorawan

import (
	"encoding/hex"
	"testing"
)

// The vectors of RFC 4493, section 4.
func TestCMAC(t *testing.T) {
	t.Parallel()
	key := key(t, "2b7e151628aed2a6abf7158809cf4f3c")
	const msg = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
	for _, tt := range []struct {
		name string
		size int
		want string
	}{
		{"empty", 0, "bb1d6929e95937287fa37d129b756746"},
		{"one block", 16, "070a16b46b4d4144f79bdd9dd04a287c"},
		{"short last block", 40, "dfa66747de9ae63030ca32611497c827"},
		{"four blocks", 64, "51f0bebf7e3b9d92fc49741779363cfe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mac := CMAC(key, unhex(t, msg)[:tt.size])
			if got := hex.EncodeToString(mac[:]); got != tt.want {
				t.Errorf("AES-CMAC of %d bytes: got %s, want %s", tt.size, got, tt.want)
			}
		})
	}
}
