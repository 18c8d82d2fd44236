package hubtest

import (
	"errors"
	"net/url"
	"sort"
	"strings"
	"unicode/utf8"
)

var (
	errBagKey   = errors.New("empty property name, or a leading or trailing &")
	errBagValue = errors.New("raw = inside a property value: want %3D")
)

// parseBag decodes a property bag: name=value pairs joined by &, both
// percent-encoded, a plus sign is itself. A name alone has no value, read as
// "". Of a repeated name the last wins. Grammar: UrlEncodedDictionarySerializer
// of Microsoft's .NET SDK; the caller has cut the bag at the first slash.
func parseBag(s string) (map[string]string, error) {
	bag := map[string]string{}
	if s == "" {
		return bag, nil
	}
	for pair := range strings.SplitSeq(s, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key == "" {
			return nil, errBagKey
		}
		if strings.Contains(value, "=") {
			return nil, errBagValue
		}
		bag[unescape(key)] = unescape(value)
	}
	return bag, nil
}

// unescape decodes %XX as .NET's Uri.UnescapeDataString does: what is not an
// escape, or does not decode to UTF-8, stays as it is.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		run := escapes(s[i:])
		if len(run) == 0 {
			out.WriteByte(s[i])
			i++
			continue
		}
		writeRunes(&out, run, s[i:i+3*len(run)])
		i += 3 * len(run)
	}
	return out.String()
}

// escapes returns the bytes of the %XX that s begins with.
func escapes(s string) []byte {
	var run []byte
	for len(s) >= 3 && s[0] == '%' {
		high, ok1 := unhex(s[1])
		low, ok2 := unhex(s[2])
		if !ok1 || !ok2 {
			break
		}
		run = append(run, high<<4|low)
		s = s[3:]
	}
	return run
}

// writeRunes writes the characters of decoded, and in place of a byte that is
// part of none its escape from encoded.
func writeRunes(out *strings.Builder, decoded []byte, encoded string) {
	for i := 0; i < len(decoded); {
		r, size := utf8.DecodeRune(decoded[i:])
		if r == utf8.RuneError && size <= 1 {
			out.WriteString(encoded[3*i : 3*i+3])
			i++
			continue
		}
		out.Write(decoded[i : i+size])
		i += size
	}
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// pair is one property of a bag that is being built.
type pair struct{ key, value string }

// encodeBag is the bag of pairs, in their order.
func encodeBag(pairs []pair) string {
	var out strings.Builder
	for i, p := range pairs {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(escape(p.key))
		out.WriteByte('=')
		out.WriteString(escape(p.value))
	}
	return out.String()
}

// escape percent-encodes all but the unreserved characters of RFC 3986.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// sortedPairs lists properties by name.
func sortedPairs(properties map[string]string) []pair {
	pairs := make([]pair, 0, len(properties))
	for k, v := range properties {
		pairs = append(pairs, pair{k, v})
	}
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].key < pairs[j].key })
	return pairs
}
