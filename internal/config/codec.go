package config

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gatewayd/bridge/codec"
)

// codecs tries the codecs that nodes name, each once.
type codecs struct {
	try   func(file string) (codec.Report, error)
	tried map[string]triedCodec // by file
}

// triedCodec is what became of a codec.
type triedCodec struct {
	report codec.Report
	err    error
}

// tryCodec loads a codec and runs its examples.
func tryCodec(file string) (codec.Report, error) {
	c, err := codec.Load(file, codec.Options{})
	if err != nil {
		return codec.Report{}, err
	}
	return c.Test(context.Background(), file)
}

// codec is the name of a built-in codec, or the path of a script that works.
func (v validator) codec(s section, raw rawCodec) string {
	builtIn := codec.BuiltIn()
	if slices.Contains(builtIn, raw.Codec) {
		if len(raw.Variables) > 0 {
			s.fail("codec_variables", "only a script reads them; remove them, or name a script in codec")
		}
		return raw.Codec
	}
	if codec.IsURL(raw.Codec) {
		if err := codec.CheckURL(raw.Codec); err != nil {
			s.fail("codec", "%v", err)
		}
		return raw.Codec
	}
	if filepath.Ext(raw.Codec) == "" {
		s.fail("codec", "unknown codec; want %s, or the path of a script such as codecs/climate.js", enumerate("or", quoteAll(builtIn)))
		return raw.Codec
	}
	file := v.path(raw.Codec)
	tried, again := v.codecs.tried[file]
	if !again {
		tried.report, tried.err = v.codecs.try(file)
		v.codecs.tried[file] = tried
	}
	switch failures := tried.report.Failures; {
	case tried.err != nil:
		s.fail("codec", "%s; correct it, or name another codec", strings.TrimPrefix(oneLine(tried.err.Error()), "codec: "))
	case len(failures) > 0 && !again:
		s.warn("codec", fmt.Sprintf("%d of %d examples of %s fail, number %d first: %s; correct the script or its examples",
			len(failures), tried.report.Examples, file, failures[0].Example, oneLine(failures[0].Differences[0])))
	}
	return file
}

// oneLine is text as it fits into a message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
