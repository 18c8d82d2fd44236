package hubtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// sasScheme is the first of a token's two words.
const sasScheme = "SharedAccessSignature"

// lastExpiry is the end of the year 9999. Later expiries are read as this, so
// that sums with it do not overflow.
const lastExpiry = 253402300799

// sasToken is a shared access signature as it came. It never leaves this
// file's functions: it must not be printed.
type sasToken struct {
	resource string // sr as received: what was signed
	scope    string // sr decoded
	sig      []byte
	expiry   string // se as received: what was signed
	expires  time.Time
	policy   string // skn
}

// parseSAS reads "SharedAccessSignature sr=...&sig=...&se=...[&skn=...]": two
// words, fields in any order, names in any case.
func parseSAS(s string) (sasToken, bool) {
	words := strings.Fields(s)
	if len(words) != 2 || words[0] != sasScheme {
		return sasToken{}, false
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(words[1], "&") {
		name, value, ok := strings.Cut(field, "=")
		name = strings.ToLower(name)
		if _, twice := fields[name]; !ok || twice {
			return sasToken{}, false
		}
		fields[name] = value
	}
	return newSASToken(fields)
}

func newSASToken(fields map[string]string) (sasToken, bool) {
	t := sasToken{resource: fields["sr"], expiry: fields["se"]}
	var errs [4]error
	// A raw '+' is a space here, as it is for the hub: such a signature fails.
	var sig string
	sig, errs[0] = url.QueryUnescape(fields["sig"])
	t.scope, errs[1] = url.QueryUnescape(t.resource)
	t.policy, errs[2] = url.QueryUnescape(fields["skn"])
	var seconds uint64
	seconds, errs[3] = strconv.ParseUint(t.expiry, 10, 63)
	for _, err := range errs {
		if err != nil {
			return sasToken{}, false
		}
	}
	if t.resource == "" || sig == "" {
		return sasToken{}, false
	}
	// A signature that is not base64 is a wrong one, not a malformed token.
	t.sig, _ = base64.StdEncoding.DecodeString(sig)
	t.expires = time.Unix(int64(min(seconds, lastExpiry)), 0)
	return t, true
}

// signedBy reports whether one of keys signed t. It takes the same time
// whichever did.
func (t sasToken) signedBy(keys [][]byte) bool {
	signed := false
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(t.resource + "\n" + t.expiry))
		if hmac.Equal(mac.Sum(nil), t.sig) {
			signed = true
		}
	}
	return signed
}

// covers reports whether t is good for a resource, given by its segments: its
// scope is the resource or lies above it, by whole segments. The host in any
// case, all else in its own.
func (t sasToken) covers(resource []string) bool {
	have := strings.Split(t.scope, "/")
	if len(have) > len(resource) || !strings.EqualFold(withoutPort(have[0]), resource[0]) {
		return false
	}
	for i := 1; i < len(have); i++ {
		if have[i] != resource[i] {
			return false
		}
	}
	return true
}

// withoutPort is the name in "host:port". SDKs that are pointed at an emulator
// by that say it wherever they name the hub; the real one has no other port.
func withoutPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// sasCheck is what a token is checked against.
type sasCheck struct {
	resource []string            // what it must cover
	keys     [][]byte            // of tokens that name no policy
	policies map[string][][]byte // keys by policy
	now      time.Time
	grace    time.Duration // how long an expired token is still good
}

// check reads a token, or says why it opens nothing.
func (c sasCheck) check(password string) (sasToken, Reason) {
	if password == "" {
		return sasToken{}, ReasonMissingToken
	}
	t, ok := parseSAS(password)
	if !ok {
		return sasToken{}, ReasonMalformedToken
	}
	keys := c.keys
	if t.policy != "" {
		keys = c.policies[t.policy]
	}
	switch {
	case len(keys) == 0 && t.policy != "":
		return sasToken{}, ReasonUnknownPolicy
	case !t.covers(c.resource):
		return sasToken{}, ReasonForeignToken
	case !t.signedBy(keys):
		return sasToken{}, ReasonBadSignature
	case !t.expires.Add(c.grace).After(c.now):
		return sasToken{}, ReasonExpiredToken
	}
	return t, ""
}
