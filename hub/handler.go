package hub

import (
	"context"
	"time"
)

// CloudMessage is a cloud-to-device message.
type CloudMessage struct {
	ID, CorrelationID, To, UserID string
	Expiry                        time.Time // zero: none given
	ContentType, ContentEncoding  string
	Ack                           string     // feedback the sender wants: "none", "positive", "negative", "full"
	Properties                    []Property // of the application, in order
	Body                          []byte
	// Duplicate says that the hub has sent the message before, maybe on
	// another connection. A message without it may still be a repetition: go
	// by ID.
	Duplicate bool
}

// MethodCall is the call of a direct method.
type MethodCall struct {
	Name    string
	Payload []byte // JSON, or empty
}

// MethodResult is the answer to a MethodCall.
type MethodResult struct {
	Status  int    // like those of HTTP, by custom
	Payload []byte // JSON, or empty
}

// Desired are desired properties of a device's twin.
type Desired struct {
	Version int64
	// Full says that JSON holds all of them; else it is a merge patch over
	// the version before.
	Full bool
	JSON []byte // an object, "$version" in it
}

// Handler takes what the hub sends to one device. Calls come in order, one at
// a time for each device, on a goroutine on which no connection depends. The
// context ends when the device is taken off or the supervisor stops.
type Handler interface {
	// CloudMessage takes m over. After nil the hub forgets m; after an error
	// it stays there, and m is offered again, before any that came later.
	CloudMessage(ctx context.Context, m CloudMessage) error
	// Method answers a call, names that it does not know included. When ctx
	// has ended the caller has been told so and the result is not sent.
	Method(ctx context.Context, call MethodCall) MethodResult
	// Twin takes over desired properties: all of them after each connect and
	// whenever an update was missed, else what has changed.
	Twin(ctx context.Context, d Desired)
}

// Reports is where a device's connection takes reported properties from.
// Patch is called from one goroutine at a time; Done may be called from
// another.
type Reports interface {
	// Patch returns all that the hub has not acknowledged, as one JSON merge
	// patch, and a number that tells this state of it from others. An empty
	// patch: nothing waits. It is asked again for each attempt, so that what
	// has come meanwhile goes along.
	Patch() (patch []byte, revision uint64)
	// Done says that the hub has taken the patch with that revision, and the
	// version of the reported properties since; or, with an error, that it
	// will never take it.
	Done(revision uint64, version int64, err error)
	// Ready tells when Patch may have something new, like Feed's. Nil: it never
	// does by itself.
	Ready() *Signal
}
