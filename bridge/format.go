package bridge

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gatewayd/bridge/shape"
	"gatewayd/hub"
	"gatewayd/radio"
)

// Shape is how the messages of a node look.
type Shape struct {
	Format   shape.Format    // "": shape.V2
	Template *shape.Template // of shape.FromTemplate
	// Gzip compresses bodies where that makes them smaller. IoT Hub cannot look
	// into them then.
	Gzip bool
	// GatewayID is what shape.StarterKit calls the gateway.
	GatewayID string
}

// errNoShape is returned for an event that the node's format has no message
// for.
var errNoShape = errors.New("the format has no message for this event")

// facts are what a format may speak of.
type facts struct {
	record
	node   Node
	at     time.Time // of the receipt, or of the event
	source string    // of at
	values *valuesBody
	order  json.RawMessage // the downlink that a decoder of the starter kit orders; nil: none
}

// factsOf gathers what is known of r; its payload is decoded once.
func factsOf(r record, node Node, clock Clock) facts {
	f := facts{record: r, node: node}
	f.at, f.source = r.receivedAt(clock)
	if r.Kind == kindUp {
		f.values = node.values(r, f.at)
		if node.Kit {
			f.order = f.values.takeOrder()
		}
	}
	return f
}

// body writes the message, or returns errNoShape.
func (f facts) body() ([]byte, error) {
	var content any
	var ok bool
	switch f.node.Format {
	case shape.StarterKit:
		content, ok = f.starterKit()
	case shape.ChirpStack:
		content, ok = f.chirpStack()
	case shape.Cayenne:
		content, ok = f.flat()
	case shape.FromTemplate:
		return f.templated()
	default:
		content, ok = f.v2(), true
	}
	if !ok {
		return nil, errNoShape
	}
	return json.Marshal(content)
}

// dataRate is that of the record; zero if it is not of the air.
func (f facts) dataRate() radio.DataRate {
	d, err := radio.ParseDataRate(f.DataRate)
	if err != nil {
		return radio.DataRate{}
	}
	return d
}

// Encodings of a body.
const (
	contentJSON  = "application/json"
	encodingUTF8 = "utf-8"
	encodingGzip = "gzip"
)

// pack compresses the body of m for node, if it is to be and becomes smaller.
func (s Shape) pack(m hub.Message) hub.Message {
	if !s.Gzip {
		return m
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(m.Body)
	if err = errors.Join(err, w.Close()); err == nil && b.Len() < len(m.Body) {
		m.Body, m.ContentEncoding = b.Bytes(), encodingGzip
	}
	return m
}

// render turns an outbox record into the message of node, with the downlink
// that its decoder orders, or returns errNoShape.
func render(seq uint64, raw []byte, node Node, clock Clock) (hub.Message, json.RawMessage, error) {
	r, err := unmarshalRecord(raw)
	if err != nil {
		return hub.Message{}, nil, fmt.Errorf("outbox record %d: %w", seq, err)
	}
	if r.Kind == kindStats {
		m, err := statsMessage(seq, r, node, clock)
		return m, nil, err
	}
	f := factsOf(r, node, clock)
	body, err := f.body()
	if err != nil {
		return hub.Message{}, nil, fmt.Errorf("outbox record %d: %w", seq, err)
	}
	return hub.Message{
		Seq: seq, ID: r.ID, CorrelationID: or(r.CorrelationID, r.DownlinkID),
		ContentType: contentJSON, ContentEncoding: encodingUTF8,
		Properties: f.properties(), Body: body, Low: r.Kind != kindUp && r.Kind != kindProprietary,
	}, f.order, nil
}
