package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"gatewayd/bridge/codec"
)

// maxCodecLine bounds a line of codec --stdin, in bytes.
const maxCodecLine = 4 << 20

// codecDesk answers requests to decode and to encode. It keeps the codecs it
// has loaded, by name.
type codecDesk struct {
	flags  codecFlags
	out    io.Writer
	log    func(line string)
	codecs map[string]loadedCodec
}

// loadedCodec is a codec, or why it could not be loaded.
type loadedCodec struct {
	codec *codec.Codec
	err   error
}

func (a *app) newCodecDesk(f codecFlags) *codecDesk {
	return &codecDesk{
		flags:  f,
		out:    a.stdout,
		log:    func(line string) { fmt.Fprintln(a.stderr, line) },
		codecs: map[string]loadedCodec{},
	}
}

// load returns the codec called name.
func (d *codecDesk) load(name string) (*codec.Codec, error) {
	loaded, ok := d.codecs[name]
	if !ok {
		loaded.codec, loaded.err = codec.Load(name, codec.Options{Log: d.log})
		d.codecs[name] = loaded
	}
	return loaded.codec, loaded.err
}

// one answers a single request. A codec that cannot be loaded is a mistake of
// the command line.
func (d *codecDesk) one(r codecRequest, answer func(codecRequest) any) error {
	if r.Codec == "" {
		return usagef("--codec is missing")
	}
	if _, err := d.load(r.Codec); err != nil {
		return usageError{err}
	}
	return d.print(answer(r))
}

// serve answers each line of in. A line that is no request gets an answer
// with an error, so that there are as many answers as lines.
func (d *codecDesk) serve(in io.Reader, answer func(codecRequest) any) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxCodecLine)
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		r := codecRequest{Codec: d.flags.codec, FPort: d.flags.fPort}
		var reply any
		if err := json.Unmarshal(line, &r); err != nil {
			reply = refusal(fmt.Errorf("not a request: %w", err))
		} else {
			reply = answer(r)
		}
		if err := d.print(reply); err != nil {
			return err
		}
	}
	return lines.Err()
}

// print writes v as a line of JSON, without escaping what only HTML needs.
func (d *codecDesk) print(v any) error {
	enc := json.NewEncoder(d.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// refusal is the answer to what could not even be tried.
func refusal(err error) codec.Result {
	return codec.Result{Data: json.RawMessage("null"), Warnings: []string{}, Errors: []string{err.Error()}}
}

func (d *codecDesk) decode(r codecRequest) any {
	c, err := d.load(r.Codec)
	if err != nil {
		return refusal(err)
	}
	payload, err := codec.ParsePayload(r.Bytes)
	if err != nil {
		return refusal(fmt.Errorf("bytes: %w", err))
	}
	up := codec.Uplink{FPort: r.FPort, Bytes: payload, RecvTime: time.Now(), Variables: r.Variables}
	if r.RecvTime != nil {
		up.RecvTime = *r.RecvTime
	}
	if d.flags.downlink {
		return c.DecodeDownlink(context.Background(), up)
	}
	return c.DecodeUplink(context.Background(), up)
}

func (d *codecDesk) encode(r codecRequest) any {
	c, err := d.load(r.Codec)
	if err != nil {
		return newCodecEncoded(codec.Downlink{Warnings: []string{}}, err)
	}
	return newCodecEncoded(c.EncodeDownlink(context.Background(), codec.Command{FPort: r.FPort, Data: r.Data, Variables: r.Variables}))
}
