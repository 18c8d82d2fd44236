package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// section is one table of a document while it is validated: where its keys
// stand, and where mistakes go. Path "" is the top of the document.
type section struct {
	doc  *document
	path string
	// partial says that the table is a profile: what it lacks, and what its
	// keys do together, is said of the nodes.
	partial bool
}

// in is the table called key inside s.
func (s section) in(key string) section { return section{s.doc, s.at(key), s.partial} }

// item is element i of the array of tables called key inside s.
func (s section) item(key string, i int) section {
	return section{s.doc, element(s.at(key), i), s.partial}
}

// at is the path of a key; "" is the table itself.
func (s section) at(key string) string {
	if key == "" {
		return s.path
	}
	return joinKey(s.path, key)
}

func (s section) has(key string) bool          { return s.doc.has(s.at(key)) }
func (s section) position(key string) Position { return s.doc.position(s.at(key)) }

// leftOut reports whether the value of a key was refused and is not known.
func (s section) leftOut(key string) bool {
	doc, path := s.doc.lender(s.at(key))
	return doc.report.left[doc.id(path)]
}

// filled reports whether a key has a value, or had one that was refused. An
// empty text is none.
func (s section) filled(key, value string) bool { return value != "" || s.leftOut(key) }

func (s section) fail(key, format string, args ...any) {
	s.doc.fail(s.at(key), fmt.Sprintf(format, args...))
}

func (s section) warn(key, problem string) {
	s.doc.warn(s.at(key), problem)
}

// require reports a missing key.
func (s section) require(key, advice string) {
	if !s.has(key) && !s.partial {
		s.fail(key, "missing; %s", advice)
	}
}

// refuse reports those of keys that the table has, which do nothing in it. What
// a profile lends to nodes of all kinds does no harm.
func (s section) refuse(why string, keys ...string) (refused bool) {
	for _, key := range keys {
		if s.doc.index.has(s.at(key)) && !s.partial {
			s.fail(key, "%s", why)
			refused = true
		}
	}
	return refused
}

// refuseFilled is refuse for texts, of which an empty one does no harm.
func (s section) refuseFilled(why string, values ...keyValue) (refused bool) {
	for _, kv := range values {
		if kv.value != "" {
			s.fail(kv.key, "%s", why)
			refused = true
		}
	}
	return refused
}

// keyValue is a text and its key.
type keyValue struct{ key, value string }

// oneOf checks a choice.
func (s section) oneOf(key, value string, choices ...string) string {
	if !slices.Contains(choices, value) {
		s.fail(key, "unknown value; want %s", enumerate("or", quoteAll(choices)))
	}
	return value
}

// within checks that low <= value <= high.
func within[T int64 | float64](s section, key string, value, low, high T) bool {
	if value >= low && value <= high {
		return true
	}
	s.fail(key, "out of range; want %v to %v", low, high)
	return false
}

// duration reads a time span between low and high.
func (s section) duration(key string, text duration, low, high time.Duration) time.Duration {
	d, err := parseDuration(string(text))
	switch {
	case err != nil:
		s.fail(key, "%v", err)
	case d < low || d > high:
		s.fail(key, "out of range; want %s to %s", formatDuration(low), formatDuration(high))
	}
	return d
}

// durationOrZero reads a time span between low and high, or 0 for never.
func (s section) durationOrZero(key string, text duration, low, high time.Duration) time.Duration {
	if d, err := parseDuration(string(text)); err == nil && d == 0 {
		return 0
	}
	return s.duration(key, text, low, high)
}

// unique checks that value is new to seen, which remembers where it stands.
func unique[K comparable](s section, seen map[K]Position, key string, value K, advice string) bool {
	first, twice := seen[value]
	if twice {
		s.fail(key, "already used at %s; %s", first, advice)
	} else {
		seen[value] = s.position(key)
	}
	return !twice
}

func quoteAll(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = `"` + w + `"`
	}
	return quoted
}

// enumerate is "a", "a and b", "a, b and c". There is at least one word.
func enumerate(and string, words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}
