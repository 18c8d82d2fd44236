package hub

import (
	"time"

	"gatewayd/internal/secret"
)

// Credential mints the MQTT password of a device. It is comparable with ==,
// so that a reload can tell whether a device's credential has changed. It
// never prints its secret.
type Credential interface {
	// Token returns the SAS token to connect with at now for resource
	// "{host}/devices/{id}", and when it expires. ttl is the wanted life;
	// ready-made tokens have their own.
	Token(resource string, now time.Time, ttl time.Duration) (token secret.Text, expires time.Time, err error)
}
