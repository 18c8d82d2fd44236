package hub

import (
	"errors"
	"strings"
)

// encodeBag writes a property bag: key=value pairs joined by '&', each part
// percent-encoded, so that nothing in it can be mistaken for topic syntax.
func encodeBag(properties []Property) string {
	var b strings.Builder
	for i, p := range properties {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(p.Key))
		b.WriteByte('=')
		b.WriteString(escape(p.Value))
	}
	return b.String()
}

// errBag is a property bag that does not follow Microsoft's grammar.
var errBag = errors.New("malformed property bag")

// parseBag reads a property bag by the grammar of Microsoft's
// UrlEncodedDictionarySerializer: a raw '/' ends the bag; a key alone (null)
// reads as empty; a raw '=' in a value, an empty key and a stray '&' are
// errors. A leading '?' is allowed. With errBag come the pairs that can be read.
func parseBag(s string) ([]Property, error) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "?"), "/")
	if s == "" {
		return nil, nil
	}
	var (
		bag []Property
		bad error
	)
	for pair := range strings.SplitSeq(s, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key == "" || strings.Contains(value, "=") {
			bad = errBag
			continue
		}
		bag = append(bag, Property{Key: unescape(key), Value: unescape(value)})
	}
	return bag, bad
}
