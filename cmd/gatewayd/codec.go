package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/bridge/codec"
)

func (a *app) codecCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "codec",
		Short: "Decode and encode payloads, and test codecs",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_ = c.Help()
			return usagef("name what to do: decode, encode or test")
		},
	}
	c.AddCommand(a.codecDecodeCommand(), a.codecEncodeCommand(), a.codecTestCommand())
	return c
}

// codecFlags are the command line of codec decode and codec encode.
type codecFlags struct {
	codec, hex, recvTime, data string
	fPort                      uint8
	variables                  []string
	downlink, stdin            bool
}

// register adds the flags that decode and encode have in common.
func (f *codecFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.codec, "codec", "", "JavaScript file, or cayenne-lpp, hex, text or none")
	c.Flags().Uint8Var(&f.fPort, "fport", 0, "FPort of the frame")
	c.Flags().StringArrayVar(&f.variables, "variable", nil, "a setting of the node for the codec, name=value; may be repeated")
	c.Flags().BoolVar(&f.stdin, "stdin", false, "read JSON objects from standard input, one on each line, and answer each with a line")
}

func (a *app) codecDecodeCommand() *cobra.Command {
	var f codecFlags
	c := &cobra.Command{
		Use:   "decode",
		Short: "Decode a payload and print the result as JSON",
		Long: "Decode a payload and print the result as one JSON object, {\"data\":...,\"warnings\":[],\"errors\":[]}.\n" +
			"With --stdin, each line is {\"codec\":\"path\",\"fPort\":1,\"bytes\":\"hex\"}, and may have recvTime and variables.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.codecDecode(c.InOrStdin(), f) },
	}
	f.register(c)
	c.Flags().StringVar(&f.hex, "hex", "", "the payload in hexadecimal digits")
	c.Flags().StringVar(&f.recvTime, "recv-time", "", "when it was received, RFC 3339 (default: now)")
	c.Flags().BoolVar(&f.downlink, "downlink", false, "decode a downlink, with the codec's decodeDownlink")
	return c
}

func (a *app) codecEncodeCommand() *cobra.Command {
	var f codecFlags
	c := &cobra.Command{
		Use:   "encode",
		Short: "Encode a command and print the payload as JSON",
		Long: "Encode a command and print the payload as one JSON object,\n" +
			"{\"bytes\":[1,2],\"hex\":\"0102\",\"fPort\":1,\"warnings\":[],\"errors\":[]}.\n" +
			"With --stdin, each line is {\"codec\":\"path\",\"fPort\":1,\"data\":{...}}, and may have variables.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.codecEncode(c.InOrStdin(), f) },
	}
	f.register(c)
	c.Flags().StringVar(&f.data, "data", "", "what to encode, JSON")
	return c
}

// codecRequest is a line of --stdin, and what the flags say without it.
type codecRequest struct {
	Codec     string            `json:"codec"`
	FPort     uint8             `json:"fPort"`
	Bytes     json.RawMessage   `json:"bytes"`
	RecvTime  *time.Time        `json:"recvTime"`
	Variables map[string]string `json:"variables"`
	Data      json.RawMessage   `json:"data"`
}

// request is the one request that the flags describe.
func (f codecFlags) request() (codecRequest, error) {
	r := codecRequest{Codec: f.codec, FPort: f.fPort, Data: json.RawMessage(f.data), Variables: map[string]string{}}
	if f.recvTime != "" {
		at, err := time.Parse(time.RFC3339, f.recvTime)
		if err != nil {
			return r, usagef("--recv-time %q: want a time like 2026-01-31T12:00:00Z", f.recvTime)
		}
		r.RecvTime = &at
	}
	for _, pair := range f.variables {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return r, usagef("--variable %q: want name=value", pair)
		}
		r.Variables[name] = value
	}
	payload, err := json.Marshal(f.hex)
	r.Bytes = payload
	return r, err
}

func (a *app) codecDecode(in io.Reader, f codecFlags) error {
	desk := a.newCodecDesk(f)
	if f.stdin {
		return desk.serve(in, desk.decode)
	}
	r, err := f.request()
	if err != nil {
		return err
	}
	if _, err := codec.ParseHex(f.hex); err != nil {
		return usagef("--hex: %w", err)
	}
	return desk.one(r, desk.decode)
}

func (a *app) codecEncode(in io.Reader, f codecFlags) error {
	desk := a.newCodecDesk(f)
	if f.stdin {
		return desk.serve(in, desk.encode)
	}
	r, err := f.request()
	if err != nil {
		return err
	}
	if !json.Valid(r.Data) {
		return usagef("--data %q: want JSON", f.data)
	}
	return desk.one(r, desk.encode)
}

// codecEncoded is what codec encode prints.
type codecEncoded struct {
	Bytes    []int    `json:"bytes"`
	Hex      string   `json:"hex"`
	FPort    uint8    `json:"fPort"`
	Warnings []string `json:"warnings"`
	Errors   []string `json:"errors"`
}

func newCodecEncoded(d codec.Downlink, err error) codecEncoded {
	e := codecEncoded{Bytes: make([]int, len(d.Bytes)), Hex: hex.EncodeToString(d.Bytes), FPort: d.FPort, Warnings: d.Warnings, Errors: codec.Messages(err)}
	for i, b := range d.Bytes {
		e.Bytes[i] = int(b)
	}
	return e
}

func (a *app) codecTestCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run the examples that lie beside codecs",
		Long:  "Run the examples that lie beside each codec, in NAME.examples.json, and say what is different.",
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return a.codecTest(c, args, asJSON) },
	}
	jsonFlag(c, &asJSON)
	return c
}

// testedCodec is what the examples of one codec gave.
type testedCodec struct {
	Codec    string   `json:"codec"`
	Examples int      `json:"examples"`
	Failures []string `json:"failures"`
}

func (a *app) codecTest(c *cobra.Command, files []string, asJSON bool) error {
	failed := 0
	for _, file := range files {
		loaded, err := codec.Load(file, codec.Options{})
		if err != nil {
			return usageError{err}
		}
		report, err := loaded.Test(c.Context(), file)
		if err != nil {
			return usageError{err}
		}
		if report.Examples == 0 {
			return usagef("%s: there are no examples in %s", file, codec.ExamplesFile(file))
		}
		tested := testedCodec{file, report.Examples, []string{}}
		for _, failure := range report.Failures {
			tested.Failures = append(tested.Failures, fmt.Sprint(failure))
			if !asJSON {
				fmt.Fprintf(a.stdout, "%s: %v\n", file, failure)
			}
		}
		if err := a.show(asJSON, tested, "%s: %d of %d examples as wanted\n", file, report.Examples-len(report.Failures), report.Examples); err != nil {
			return err
		}
		failed += len(report.Failures)
	}
	if failed > 0 {
		return fmt.Errorf("%d examples gave something else than wanted", failed)
	}
	return nil
}
