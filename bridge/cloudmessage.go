package bridge

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"strconv"
	"strings"
	"time"

	"gatewayd/hub"
)

// downlinkRequest is the JSON form of a downlink, in C2D messages and in the
// method "downlink". Exactly one of the payloads is given; none is an empty
// one.
type downlinkRequest struct {
	ID          string          `json:"id"`
	FPort       *uint8          `json:"fPort"`
	Payload     *string         `json:"payload"` // base64
	PayloadHex  *string         `json:"payloadHex"`
	PayloadText *string         `json:"payloadText"` // UTF-8
	Data        json.RawMessage `json:"data"`        // for the node's codec to encode
	Confirmed   bool            `json:"confirmed"`
	Priority    uint8           `json:"priority"`
	TTL         *jsonDuration   `json:"ttl"`     // "90s", or a number of seconds
	Expires     *time.Time      `json:"expires"` // RFC 3339
	Attempts    int             `json:"attempts"`
	Replace     bool            `json:"replace"`
}

// maxSeconds bounds times given in seconds to what a time.Duration holds: a
// century.
const maxSeconds = 100 * 365 * 24 * 60 * 60

// jsonDuration is "1h30m", or a number of seconds.
type jsonDuration time.Duration

// UnmarshalJSON reads either form.
func (d *jsonDuration) UnmarshalJSON(b []byte) error {
	var seconds float64
	if json.Unmarshal(b, &seconds) == nil {
		if math.Abs(seconds) > maxSeconds {
			return errors.New("want a time of less than a century")
		}
		*d = jsonDuration(seconds * float64(time.Second))
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	v, err := time.ParseDuration(text)
	*d = jsonDuration(v)
	return err
}

// maxID bounds the id of a downlink: its events carry it as IoT Hub's
// correlation id.
const maxID = 128

// maxAttempts bounds the emissions of one confirmed downlink.
const maxAttempts = 15

// parseDownlink reads the JSON form of a downlink to n. Errors are for whoever
// sent it.
func (n Node) parseDownlink(ctx context.Context, b []byte) (Downlink, error) {
	if n.Kit && isKit(b) {
		return parseKit(b)
	}
	var r downlinkRequest
	if err := json.Unmarshal(b, &r); err != nil {
		return Downlink{}, fmt.Errorf("not a downlink in JSON: %w", err)
	}
	if string(r.Data) == "null" {
		r.Data = nil
	}
	if err := r.check(); err != nil {
		return Downlink{}, err
	}
	d := Downlink{
		ID: r.ID, Confirmed: r.Confirmed, Priority: r.Priority,
		Attempts: r.Attempts, Replace: r.Replace,
	}
	if r.FPort != nil {
		d.FPort = *r.FPort
	}
	if r.TTL != nil {
		d.TTL = time.Duration(*r.TTL)
	}
	if r.Expires != nil {
		d.Expires = *r.Expires
	}
	var err error
	if d.Payload, err = r.payload(); err == nil && r.Data != nil {
		err = n.encode(ctx, &d, r.Data)
	}
	return d, err
}

// check looks at everything but the payload.
func (r downlinkRequest) check() error {
	switch {
	case r.FPort == nil && r.Data == nil:
		return errors.New("fPort is missing")
	case len(r.ID) > maxID:
		return fmt.Errorf("id: %d characters, at most %d", len(r.ID), maxID)
	case r.TTL != nil && *r.TTL < 0:
		return errors.New("ttl: want a time to come")
	case r.Attempts < 0 || r.Attempts > maxAttempts:
		return fmt.Errorf("attempts: want 0 to %d", maxAttempts)
	}
	return nil
}

func (r downlinkRequest) payload() (p []byte, err error) {
	given := 0
	for _, s := range []*string{r.Payload, r.PayloadHex, r.PayloadText} {
		if s != nil {
			given++
		}
	}
	switch {
	case given > 1 || given == 1 && r.Data != nil:
		return nil, errors.New("more than one of payload, payloadHex, payloadText and data")
	case r.Payload != nil:
		if p, err = base64.StdEncoding.DecodeString(*r.Payload); err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
	case r.PayloadHex != nil:
		if p, err = hex.DecodeString(*r.PayloadHex); err != nil {
			return nil, fmt.Errorf("payloadHex: %w", err)
		}
	case r.PayloadText != nil:
		p = []byte(*r.PayloadText)
	}
	return p, nil
}

// downlinkOf turns a C2D message into a downlink: JSON, or raw bytes with
// everything else in application properties, which also override the JSON.
// The sender goes by the ids and the expiry of the message itself.
func (n Node) downlinkOf(ctx context.Context, m hub.CloudMessage) (Downlink, error) {
	var d Downlink
	var err error
	if isJSON(m) {
		if d, err = n.parseDownlink(ctx, withPort(m)); err != nil {
			return Downlink{}, err
		}
	} else {
		d.Payload = m.Body
	}
	if err := d.override(m.Properties); err != nil {
		return Downlink{}, err
	}
	d.ID, d.CorrelationID, d.Once = or(m.ID, d.ID), m.CorrelationID, true
	if d.Expires.IsZero() && d.TTL == 0 {
		d.Expires = m.Expiry
	}
	return d, nil
}

// isJSON goes by the content type, and where there is none by the first byte:
// tools send C2D messages without one.
func isJSON(m hub.CloudMessage) bool {
	if t, _, err := mime.ParseMediaType(m.ContentType); err == nil && t != "" {
		return t == "application/json" || strings.HasSuffix(t, "+json")
	}
	return json.Valid(m.Body) && strings.HasPrefix(strings.TrimSpace(string(m.Body)), "{")
}

// withPort puts the fPort of the properties into a JSON body that has none.
func withPort(m hub.CloudMessage) []byte {
	for _, p := range m.Properties {
		if !strings.EqualFold(p.Key, "fPort") {
			continue
		}
		var port uint8
		var fields map[string]json.RawMessage
		if parseUint8(&port, p.Value) != nil || json.Unmarshal(m.Body, &fields) != nil || fields == nil {
			return m.Body
		}
		fields["fPort"] = json.RawMessage(strconv.Itoa(int(port)))
		if b, err := json.Marshal(fields); err == nil {
			return b
		}
	}
	return m.Body
}

// override lays application properties over d. Others are the application's
// own business.
func (d *Downlink) override(properties []hub.Property) error {
	for _, p := range properties {
		if err := d.property(strings.ToLower(p.Key), p.Value); err != nil {
			return fmt.Errorf("property %s: %w", p.Key, err)
		}
	}
	return nil
}

func (d *Downlink) property(key, value string) (err error) {
	switch key {
	case "fport":
		return parseUint8(&d.FPort, value)
	case "priority":
		return parseUint8(&d.Priority, value)
	case "confirmed":
		d.Confirmed, err = strconv.ParseBool(value)
	case "replace":
		d.Replace, err = strconv.ParseBool(value)
	case "ttl":
		d.TTL, err = parseTTL(value)
	case "attempts":
		if d.Attempts, err = strconv.Atoi(value); err == nil && (d.Attempts < 0 || d.Attempts > maxAttempts) {
			err = fmt.Errorf("want 0 to %d", maxAttempts)
		}
	}
	return err
}

// parseTTL reads "90s" or a number of seconds.
func parseTTL(s string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		s = strconv.FormatFloat(seconds, 'f', -1, 64) + "s"
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = errors.New("want a time to come")
	}
	return d, err
}

func parseUint8(to *uint8, s string) error {
	v, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return err
	}
	*to = uint8(v)
	return nil
}
