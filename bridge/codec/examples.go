package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Kinds of examples: the functions of TS013.
const (
	ExampleUplink         = "uplink"
	ExampleDownlinkEncode = "downlink-encode"
	ExampleDownlinkDecode = "downlink-decode"
)

// Example is a codec's input and the output that it must give, like the
// examples of the LoRaWAN device repository. They lie beside the script, in
// NAME.examples.json, as one list.
type Example struct {
	Type        string        `json:"type"` // empty: uplink
	Description string        `json:"description"`
	Input       ExampleInput  `json:"input"`
	Output      ExampleOutput `json:"output"`
}

// ExampleInput has bytes to decode, or data to encode.
type ExampleInput struct {
	Bytes     json.RawMessage   `json:"bytes,omitempty"` // list of numbers, or hexadecimal digits
	FPort     uint8             `json:"fPort,omitempty"`
	RecvTime  *time.Time        `json:"recvTime,omitempty"`
	Variables map[string]string `json:"variables,omitempty"`
	Data      json.RawMessage   `json:"data,omitempty"`
}

// ExampleOutput is what must come out. Warnings and errors that are not named
// must not come; data and fPort that are not named may be anything.
type ExampleOutput struct {
	Data     json.RawMessage `json:"data,omitempty"`
	Bytes    json.RawMessage `json:"bytes,omitempty"`
	FPort    uint8           `json:"fPort,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	Errors   []string        `json:"errors,omitempty"`
	// Normalized is part of The Things Stack's examples, and not looked at.
	Normalized json.RawMessage `json:"normalizedOutput,omitempty"`
}

// Report is what the examples of a codec showed.
type Report struct {
	Examples int
	Failures []Failure
}

// Failure is an example that gave something else.
type Failure struct {
	Example     int // from 1
	Description string
	Differences []string // "data.temperature: want 21.5, got 22"
}

func (f Failure) String() string {
	return fmt.Sprintf("example %d (%s):\n\t%s", f.Example, f.Description, strings.Join(f.Differences, "\n\t"))
}

// ExamplesFile is where the examples of a script lie.
func ExamplesFile(script string) string {
	return strings.TrimSuffix(script, filepath.Ext(script)) + ".examples.json"
}

// Test runs the examples beside script; without such a file there are none.
func (c *Codec) Test(ctx context.Context, script string) (Report, error) {
	file := ExamplesFile(script)
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Report{}, nil
	}
	if err != nil {
		return Report{}, fmt.Errorf("examples: %w", err)
	}
	examples, err := ParseExamples(content)
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", file, err)
	}
	r := Report{Examples: len(examples)}
	for i, e := range examples {
		if differences := c.try(ctx, e); len(differences) > 0 {
			r.Failures = append(r.Failures, Failure{i + 1, e.Description, differences})
		}
	}
	return r, nil
}

// ParseExamples reads a list of examples.
func ParseExamples(content []byte) ([]Example, error) {
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	var examples []Example
	if err := dec.Decode(&examples); err != nil {
		return nil, fmt.Errorf("not a list of examples {type, description, input, output}: %w", err)
	}
	return examples, nil
}

// try runs one example and says what is different.
func (c *Codec) try(ctx context.Context, e Example) []string {
	switch e.Type {
	case ExampleUplink, "":
		return c.tryDecode(ctx, e, c.DecodeUplink)
	case ExampleDownlinkDecode:
		return c.tryDecode(ctx, e, c.DecodeDownlink)
	case ExampleDownlinkEncode:
		return c.tryEncode(ctx, e)
	}
	return []string{fmt.Sprintf("type %q is none of %s, %s and %s", e.Type, ExampleUplink, ExampleDownlinkEncode, ExampleDownlinkDecode)}
}

func (c *Codec) tryDecode(ctx context.Context, e Example, decode func(context.Context, Uplink) Result) []string {
	b, err := ParsePayload(e.Input.Bytes)
	if err != nil {
		return []string{"input.bytes: " + err.Error()}
	}
	up := Uplink{FPort: e.Input.FPort, Bytes: b, Variables: e.Input.Variables}
	if e.Input.RecvTime != nil {
		up.RecvTime = *e.Input.RecvTime
	}
	r := decode(ctx, up)
	var d differ
	if e.Output.Data != nil {
		d.json("data", e.Output.Data, r.Data)
	}
	d.texts("warnings", e.Output.Warnings, r.Warnings)
	d.texts("errors", e.Output.Errors, r.Errors)
	return d.found
}

func (c *Codec) tryEncode(ctx context.Context, e Example) []string {
	got, err := c.EncodeDownlink(ctx, Command{FPort: e.Input.FPort, Data: e.Input.Data, Variables: e.Input.Variables})
	var d differ
	d.texts("warnings", e.Output.Warnings, got.Warnings)
	d.texts("errors", e.Output.Errors, Messages(err))
	if e.Output.Bytes != nil {
		want, err := ParsePayload(e.Output.Bytes)
		if err != nil {
			return []string{"output.bytes: " + err.Error()}
		}
		if !bytes.Equal(want, got.Bytes) {
			d.add("bytes", fmt.Sprintf("%x", want), fmt.Sprintf("%x", got.Bytes))
		}
	}
	if e.Output.FPort != 0 && e.Output.FPort != got.FPort {
		d.add("fPort", fmt.Sprint(e.Output.FPort), fmt.Sprint(got.FPort))
	}
	return d.found
}

// ParsePayload reads bytes in JSON: a list of numbers, or hexadecimal digits.
func ParsePayload(raw json.RawMessage) ([]byte, error) {
	var digits string
	if json.Unmarshal(raw, &digits) == nil {
		return ParseHex(digits)
	}
	var list []int
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("want a list of numbers from 0 to 255, or hexadecimal digits")
	}
	return byteList(list)
}

// Messages are the errors of an EncodeDownlink, one by one.
func Messages(err error) []string {
	var reported *CodecError
	switch {
	case err == nil:
		return []string{}
	case errors.As(err, &reported):
		return reported.Messages
	}
	return []string{err.Error()}
}
