package doctor

import "strings"

// Config judges a configuration that has been read: warnings are what works
// but is hardly meant, lacks what this machine needs and has not, both as
// "file:line:col: key: what, and what to do".
func Config(file string, warnings, lacks []string) []Finding {
	found := []Finding{good("config", "%s can be used", file)}
	for _, w := range warnings {
		what, fix := split(w)
		found = append(found, warning("config", fix, "%s", what))
	}
	for _, l := range lacks {
		what, fix := split(l)
		found = append(found, problem("config", fix, "%s", what))
	}
	return found
}

// BadConfig is a configuration that cannot be used.
func BadConfig(err error) []Finding {
	var found []Finding
	for line := range strings.Lines(err.Error()) {
		what, fix := split(strings.TrimSpace(line))
		found = append(found, problem("config", fix, "%s", what))
	}
	return found
}

// split takes what is to be done off a sentence.
func split(s string) (what, fix string) {
	what, fix, _ = strings.Cut(s, "; ")
	return what, fix
}
