package hub

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unique"

	"gatewayd/internal/secret"
)

// sasToken is a token made elsewhere. It is sent as it was given: to encode
// its sr anew would break its signature.
type sasToken struct {
	text    unique.Handle[string]
	scope   string // sr, decoded
	expires int64  // se, Unix seconds
}

// errTokenFormat is text that is no token. It never quotes the text.
var errTokenFormat = errors.New(`not a SAS token: want "SharedAccessSignature sr=...&sig=...&se=..." in full`)

// NewSASToken returns the credential of a ready-made token, which cannot be
// renewed. Whether it is for the right device is checked when it is used. The
// error never quotes the token.
func NewSASToken(token secret.Text) (Credential, error) {
	words := strings.Fields(token.Reveal())
	if len(words) != 2 || words[0] != sasPrefix {
		return nil, errTokenFormat
	}
	t := sasToken{text: unique.Make(words[0] + " " + words[1])}
	var signed bool
	for field := range strings.SplitSeq(words[1], "&") {
		name, value, _ := strings.Cut(field, "=")
		switch strings.ToLower(name) {
		case "sr":
			t.scope = unescape(value)
		case "sig":
			signed = value != ""
		case "se":
			t.expires, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	if t.scope == "" || !signed || t.expires <= 0 {
		return nil, errTokenFormat
	}
	return t, nil
}

// Token returns the token itself if it is for resource and has not expired.
func (t sasToken) Token(resource string, now time.Time, _ time.Duration) (secret.Text, time.Time, error) {
	expires := t.expiry()
	if !covers(t.scope, resource) {
		return secret.Text{}, expires, fmt.Errorf("the SAS token is for %s and not for %q: make one for this host and device", quote(t.scope), resource)
	}
	if !now.Before(expires) {
		return secret.Text{}, expires, fmt.Errorf("the SAS token expired at %s: put in a new one, or the device key", expires.Format(time.RFC3339))
	}
	return secret.NewText(t.text.Value()), expires, nil
}

func (t sasToken) expiry() time.Time { return time.Unix(t.expires, 0).UTC() }

// Format prints what it is, never the token.
func (sasToken) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[SAS token]")) }

// Expiry says when a credential expires that was made elsewhere: a ready-made
// token, or a certificate as it is now. Credentials that renew themselves
// report false.
func Expiry(c Credential) (expires time.Time, ok bool) {
	switch c := c.(type) {
	case sasToken:
		return c.expiry(), true
	case certificate:
		pair, err := c.load()
		if err != nil { // whoever connects with it will say so
			return time.Time{}, false
		}
		return pair.Leaf.NotAfter, true
	}
	return time.Time{}, false
}

// covers reports whether a token for scope opens resource: by whole path
// segments, the host in any case, all else exactly.
func covers(scope, resource string) bool {
	s := strings.Split(strings.TrimSuffix(scope, "/"), "/")
	r := strings.Split(resource, "/")
	if len(s) > len(r) || !strings.EqualFold(s[0], r[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] != r[i] {
			return false
		}
	}
	return true
}
