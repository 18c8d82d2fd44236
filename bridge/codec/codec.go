package codec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Names of the codecs that are built in.
const (
	CayenneLPP = "cayenne-lpp"
	Hex        = "hex"  // data is the payload in hexadecimal digits
	Text       = "text" // data is the payload as UTF-8 text
	None       = "none" // no data; only the raw payload goes out

	// The decoders that the Azure LoRaWAN starter kit has built in: data is
	// {"value": ...} with the payload as a number or text, or as digits.
	KitValue = "DecoderValueSensor"
	KitHex   = "DecoderHexSensor"
)

// BuiltIn are the names of all of them.
func BuiltIn() []string { return []string{CayenneLPP, Hex, Text, None, KitValue, KitHex} }

// maxSource bounds a codec's file, in bytes.
const maxSource = 1 << 20

// Errors of calls; the message of each says what to do.
var (
	// ErrNoEncoder is returned by EncodeDownlink when the codec cannot encode.
	ErrNoEncoder = errors.New("the codec has no encodeDownlink, Encode or Encoder function")
	// ErrNoDecoder is returned by a decoder that the codec does not have.
	ErrNoDecoder = errors.New("the codec has no such decode function")
)

// Uplink is what a codec decodes.
type Uplink struct {
	DevEUI   string // 16 hexadecimal digits; "": the node has none
	FPort    uint8
	Bytes    []byte    // FRMPayload, decrypted
	RecvTime time.Time // the zero time: unknown, the codec sees no recvTime
	// Variables are the node's own settings, for input.variables of TS013.
	Variables map[string]string
}

// Result is what a codec made of an uplink. All that may be wrong with a
// codec or a payload is in Errors: a frame is never lost to its codec.
type Result struct {
	// Data is the decoded object as JSON.stringify writes it; null without one.
	Data json.RawMessage `json:"data"`
	// Warnings and Errors are never nil.
	Warnings []string `json:"warnings"`
	Errors   []string `json:"errors"`
}

// Command is what a codec encodes.
type Command struct {
	FPort uint8 // the port that the sender asks for; 0 leaves it to the codec
	// Data is a JSON document. The codec sees its keys in the order written.
	Data      json.RawMessage
	Variables map[string]string
}

// Downlink is an encoded command.
type Downlink struct {
	FPort    uint8 // 0: neither the sender nor the codec names one
	Bytes    []byte
	Warnings []string // never nil
}

// engine is a kind of codec.
type engine interface {
	decodeUplink(ctx context.Context, up Uplink) Result
	decodeDownlink(ctx context.Context, up Uplink) Result
	encodeDownlink(ctx context.Context, cmd Command) (Downlink, error)
}

// Codec translates the payloads of one kind of node. It may be used by any
// number of goroutines.
type Codec struct {
	name   string
	engine engine
}

// Options are a codec's surroundings.
type Options struct {
	// Log takes what a JavaScript codec writes to its console, a line at a
	// time and bounded for each call; nil drops it. It is called on the
	// goroutine of the call.
	Log func(line string)
}

// Load returns the built-in codec called name, or reads the JavaScript file of
// that name. Loading runs a script once, so that its mistakes show now.
func Load(name string, o Options) (*Codec, error) {
	switch name {
	case "":
		return nil, errors.New("a codec needs a name: a JavaScript file, cayenne-lpp, hex, text or none")
	case CayenneLPP:
		return &Codec{name, cayenne{}}, nil
	case Hex:
		return &Codec{name, hexText{}}, nil
	case Text:
		return &Codec{name, plainText{}}, nil
	case None:
		return &Codec{name, nothing{}}, nil
	case KitValue:
		return &Codec{name, kitValue{}}, nil
	case KitHex:
		return &Codec{name, kitHex{}}, nil
	}
	if IsURL(name) {
		r, err := newRemote(name)
		if err != nil {
			return nil, err
		}
		return &Codec{name, r}, nil
	}
	source, err := readSource(name)
	if err != nil {
		return nil, err
	}
	return Compile(name, source, o)
}

// Compile makes a codec of JavaScript source; name is for messages.
func Compile(name, source string, o Options) (*Codec, error) {
	s, err := newScript(filepath.Base(name), source, o)
	if err != nil {
		return nil, fmt.Errorf("codec %s: %w", name, err)
	}
	return &Codec{name, s}, nil
}

// readSource reads a script, but not an endless one.
func readSource(file string) (string, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(file, "./"):
		return "", fmt.Errorf("codec %q: neither a file nor one of cayenne-lpp, hex, text and none", file)
	case err != nil:
		return "", fmt.Errorf("codec: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("codec %s: not a regular file", file)
	case info.Size() > maxSource:
		return "", fmt.Errorf("codec %s: %d bytes, at most %d", file, info.Size(), maxSource)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("codec: %w", err)
	}
	return string(b), nil
}

// String is the name that the codec was loaded by.
func (c *Codec) String() string { return c.name }

// DecodeUplink decodes what a node has sent. It returns within the time limit
// of scripts, or sooner when ctx ends.
func (c *Codec) DecodeUplink(ctx context.Context, up Uplink) Result {
	return c.engine.decodeUplink(ctx, up).filled()
}

// DecodeDownlink decodes what would be sent to a node.
func (c *Codec) DecodeDownlink(ctx context.Context, down Uplink) Result {
	return c.engine.decodeDownlink(ctx, down).filled()
}

// EncodeDownlink makes the payload of a command. The errors that a codec
// reports are joined in the error.
func (c *Codec) EncodeDownlink(ctx context.Context, cmd Command) (Downlink, error) {
	d, err := c.engine.encodeDownlink(ctx, cmd)
	if d.Warnings == nil {
		d.Warnings = []string{}
	}
	return d, err
}

// filled makes JSON of r say [] and null where there is nothing.
func (r Result) filled() Result {
	if r.Data == nil {
		r.Data = json.RawMessage("null")
	}
	if r.Warnings == nil {
		r.Warnings = []string{}
	}
	if r.Errors == nil {
		r.Errors = []string{}
	}
	return r
}

// failed is the result of a decoder that did not come to an end.
func failed(err error) Result { return Result{Errors: []string{err.Error()}} }

// CodecError is what a codec itself reports, as against a codec that fails.
type CodecError struct{ Messages []string }

func (e *CodecError) Error() string { return strings.Join(e.Messages, "; ") }
