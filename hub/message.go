package hub

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
	// ContentType and ContentEncoding become the system properties of that
	// name, e.g. "application/json" and "utf-8". Empty: not sent.
	ContentType, ContentEncoding string
	Properties                   []Property
	Body                         []byte
}

// Feed is where a device's connection takes its messages from. The connection
// calls it from one goroutine; Done may also be called from another.
type Feed interface {
	// Pending returns up to max messages with Seq greater than after, oldest
	// first. An error is worth trying again later.
	Pending(after uint64, max int) ([]Message, error)
	// Done forgets the message with that Seq: the hub has acknowledged it on
	// the connection that sent it. It does not wait for the disk.
	Done(seq uint64)
	// Ready gets a value when Pending may have more than last time. Buffered,
	// one value at most; always check Pending once before waiting on it.
	Ready() <-chan struct{}
}

// Device is one identity of the hub and what its connection sends.
type Device struct {
	ID         string
	Credential Credential
	Feed       Feed
}
