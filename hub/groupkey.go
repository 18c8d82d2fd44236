package hub

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"unique"

	"gatewayd/internal/secret"
)

// GroupKey is the symmetric key of an enrolment group of the Device
// Provisioning Service. Whoever has it can be any device of the group: keys
// derived elsewhere are the better choice for a gateway within reach.
type GroupKey struct{ raw unique.Handle[string] }

// NewGroupKey reads the primary or secondary key of an enrolment group, in
// base64. The error never quotes it.
func NewGroupKey(key secret.Text) (GroupKey, error) {
	raw, err := decodeKey("group key", "of the enrolment group", key)
	if err != nil {
		return GroupKey{}, err
	}
	return GroupKey{unique.Make(string(raw))}, nil
}

// DeviceKey derives the key of one device of the group, with which it
// registers and connects. The registration id counts in lower case.
//
// Source: Microsoft, "Symmetric key attestation", group enrollments.
func (k GroupKey) DeviceKey(registrationID string) Credential {
	mac := hmac.New(sha256.New, []byte(k.raw.Value()))
	_, _ = mac.Write([]byte(strings.ToLower(registrationID))) // a hash never fails to take bytes
	return deviceKey{unique.Make(string(mac.Sum(nil)))}
}

// Format prints what it is, never the key.
func (GroupKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[group key]")) }
