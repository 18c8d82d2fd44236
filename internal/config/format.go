package config

import (
	"gatewayd/bridge/shape"
)

// Format is how the messages of a node or group are written.
type Format struct {
	Name     shape.Format
	Template *shape.Template // of shape.FromTemplate
	Gzip     bool
}

const (
	compressNone = "none"
	compressGzip = "gzip"
)

// format reads the name of a format.
func (s section) format(name string) shape.Format {
	var names []string
	for _, f := range shape.Formats() {
		names = append(names, string(f))
	}
	return shape.Format(s.oneOf("format", name, names...))
}

// formatOf reads how the messages of a node or group are written.
func (a azure) formatOf(s section, raw rawFormat) Format {
	f := Format{Name: a.format}
	if s.has("format") {
		f.Name = s.format(raw.Format)
	}
	f.Gzip = s.oneOf("compress", raw.Compress, compressNone, compressGzip) == compressGzip
	switch {
	case f.Name != shape.FromTemplate:
		s.refuse(`does nothing unless format is "template"; remove it`, "template")
	case raw.Template == "":
		s.fail("", `format "template" needs a template; add template = "shape.json"`)
	default:
		f.Template = a.template(s, raw.Template)
	}
	return f
}

// template reads the file of a template.
func (a azure) template(s section, file string) *shape.Template {
	src, err := a.env.read(a.path(file))
	var t *shape.Template
	if err == nil {
		t, err = shape.Parse(src.data)
	}
	if err != nil {
		s.fail("template", "%v; see docs/formats.md", err)
	}
	return t
}
