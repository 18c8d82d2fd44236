package hub

import "time"

// Property is one application property of a message. Order is kept.
type Property struct {
	Key, Value string
}

// Message is one device-to-cloud message, ready to publish.
type Message struct {
	// Seq orders the messages of one device. It is unique and growing within
	// a Feed, and is what Done is called with.
	Seq uint64
	// ID becomes the system property message-id. It is the same whenever the
	// same message is sent again, so that consumers can drop duplicates.
	ID string
	// CorrelationID becomes the system property correlation-id: the id of the
	// C2D message that this one answers. Empty: not sent.
	CorrelationID string
	// ContentType and ContentEncoding become the system properties of that
	// name, e.g. "application/json" and "utf-8". Empty: not sent.
	ContentType, ContentEncoding string
	// Created becomes the system property iothub-creation-time-utc. Zero: not
	// sent.
	Created    time.Time
	Properties []Property
	Body       []byte
	// Low marks what may be dropped when the hub's daily quota runs short,
	// if the hub's policy is QuotaDropLow.
	Low bool
}

// Feed is where a device's connection takes its messages from. Pending is
// called from one goroutine at a time; Done may be called from another.
//
// A Feed that is a Batcher or a Dropper too takes part in saving a quota that
// runs short.
type Feed interface {
	// Pending returns up to max messages with Seq greater than after, oldest
	// first. An error is worth trying again later.
	Pending(after uint64, max int) ([]Message, error)
	// Done forgets the message with that Seq: the hub has acknowledged it on
	// the connection that sent it. It does not wait for the disk.
	Done(seq uint64)
	// Ready tells when Pending may have more than last time. Pending is always
	// asked once before that.
	Ready() *Signal
}

// Batcher is a Feed that can put several entries into one message.
type Batcher interface {
	// Batch renders the oldest entries with Seq greater than after and not
	// greater than upTo, at most max of them and with a body of at most size
	// bytes unless it is one entry alone, as one message whose Seq is that of the last. Done will be called
	// for each of seqs. No seqs: nothing waits.
	Batch(after, upTo uint64, max, size int) (m Message, seqs []uint64, err error)
}

// Dropper is a Feed that may be told to give up a message.
type Dropper interface {
	// Drop forgets the message with that Seq, which will not be sent: the
	// hub's daily quota runs short and the message is marked Low.
	Drop(seq uint64)
}

// Device is one identity of a hub, what its connection sends, and who gets
// what comes. Two Devices are the same to Apply if == says so of each field.
type Device struct {
	// ID is the device id. With Provisioning it is the name to go by until
	// the service has assigned one; empty: the registration id.
	ID string
	// Hub is the host of one of the hubs in Options [Options.Host].
	Hub        string
	Credential Credential
	// Provisioning finds the hub with the Device Provisioning Service. Its
	// zero value is a device whose hub is known.
	Provisioning Provisioning

	Feed    Feed
	Handler Handler // nil: no twin, no methods, C2D messages stay in the hub
	Reports Reports // nil: nothing is reported

	ModelID    string        // Plug and Play model id, "dtmi:...;1" [none]
	APIVersion string        // [the hub's]
	KeepAlive  time.Duration // 1 s to 1177 s [Options.KeepAlive]
	Policy     Policy        // [PolicyPersistent]
	Linger     time.Duration // idle time of PolicyLinger [5 min]
	Replay     Replay        // [ReplayInOrder]
}
