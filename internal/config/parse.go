package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// parsed is a document as TOML, before anything of it is looked at.
type parsed struct {
	doc  *document
	tree map[string]any
}

// parse reads the document. What is wrong goes to the report; ok is false if it
// is not TOML at all.
func parse(src source, r *report) (p parsed, ok bool) {
	p.doc = r.open(src.name, newIndex(src.data))
	if err := toml.Unmarshal(src.data, &p.tree); err != nil {
		r.errors = append(r.errors, syntaxError(p.doc, src.data, err))
		return p, false
	}
	return p, true
}

// into decodes the document over the struct behind raw; nodes get what their
// profiles say.
func (p parsed) into(raw any, known profiles) {
	known.lend(p.doc, p.tree)
	decode(p.doc, p.tree, raw)
}

// syntaxError turns a go-toml error into ours. go-toml stops at the first.
func syntaxError(doc *document, data []byte, err error) *Error {
	e := &Error{Position: Position{File: doc.name, Line: 1, Column: 1}, Key: "toml"}
	var de *toml.DecodeError
	if errors.As(err, &de) {
		e.Position.Line, e.Position.Column = de.Position()
		if key, ok := keyOfLine(data, e.Position.Line); ok {
			e.Key = displayKey(joinKey(doc.index.tableAt(e.Position.Line), key))
		}
	}
	e.Problem = syntaxProblem(err.Error())
	return e
}

// keyOfLine is the key, if any, that a line sets.
func keyOfLine(data []byte, line int) (string, bool) {
	lines := strings.Split(string(data), "\n")
	key, _, found := strings.Cut(lines[line-1], "=")
	key = strings.TrimSpace(key)
	return key, found && isBareKey(key)
}

// quotedCharacter is how go-toml quotes one character.
var quotedCharacter = regexp.MustCompile(`:? ?(but got )?U\+[0-9A-F]{4,}( '.+')?`)

// syntaxProblem says what go-toml said, without its prefix, the characters it
// quotes (they may be of a secret) and the names of Go functions.
func syntaxProblem(message string) string {
	message = strings.TrimPrefix(message, "toml: ")
	message = quotedCharacter.ReplaceAllString(message, "")
	message, _, _ = strings.Cut(message, ": strconv.")
	advice := "check the quotes and brackets here"
	switch {
	case strings.Contains(message, "already"):
		advice = "remove one of the two"
	case strings.Contains(message, "must be quoted"), strings.HasPrefix(message, "expected newline"):
		advice = `write text as "text"`
	case strings.Contains(message, "number"), strings.Contains(message, "float"):
		advice = "check the number, or quote it if it is text"
	}
	return fmt.Sprintf("%s; %s", message, advice)
}
