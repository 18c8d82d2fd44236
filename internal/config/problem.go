package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Error is one mistake in a configuration file.
type Error struct {
	Position Position
	Key      string // dotted, as in TOML; "toml" where the file is not TOML
	Problem  string // what is wrong, and what to do
}

// Error is "file:line:col: key: problem".
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Position, e.Key, e.Problem)
}

// Errors are all mistakes of a configuration, by file and position.
type Errors []*Error

// Error has one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes for errors.As.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// report collects what is wrong and what is doubtful in the files of one
// configuration.
type report struct {
	files    []string        // in order of reading
	failed   map[string]bool // by file and path: has an error
	left     map[string]bool // by file and path: was left out, with all inside
	warned   map[string]bool // by file, path and problem
	errors   Errors
	warnings Errors
}

// document is one file while it is checked.
type document struct {
	name   string
	index  *index
	report *report

	origins map[string]string // by path: where a secret was read, in words
	literal bool              // a secret stands in the file itself
	lent    map[string]place  // by path: what a profile lends to a node
}

// place is a key of a file.
type place struct {
	doc  *document
	path string
}

func newReport() *report {
	return &report{failed: map[string]bool{}, left: map[string]bool{}, warned: map[string]bool{}}
}

// open begins with the next file.
func (r *report) open(name string, ix *index) *document {
	r.files = append(r.files, name)
	return &document{name: name, index: ix, report: r, origins: map[string]string{}, lent: map[string]place{}}
}

// lender is where a key really stands: in a profile, if that lends it.
func (d *document) lender(path string) (*document, string) {
	if len(d.lent) == 0 {
		return d, path
	}
	for p := path; p != ""; p = parent(p) {
		if from, ok := d.lent[p]; ok {
			return from.doc, from.path + path[len(p):]
		}
	}
	return d, path
}

// has reports whether the document, or a profile, mentions path.
func (d *document) has(path string) bool {
	d, path = d.lender(path)
	return d.index.has(path)
}

// fail reports a mistake at path. Only the first mistake at one path counts,
// and none inside what was left out: the others are its consequences.
func (d *document) fail(path, problem string) {
	d, path = d.lender(path)
	for p := path; p != ""; p = parent(p) {
		if d.report.left[d.id(p)] {
			return
		}
	}
	if !d.report.failed[d.id(path)] {
		d.report.failed[d.id(path)] = true
		d.report.errors = append(d.report.errors, d.errorAt(path, problem))
	}
}

// leaveOut reports a mistake at path for which all that is there is ignored.
func (d *document) leaveOut(path, problem string) {
	d, path = d.lender(path)
	d.fail(path, problem)
	d.report.left[d.id(path)] = true
}

func (d *document) id(path string) string { return d.name + "\x00" + path }

// warn says what is doubtful at path. What a profile says is said once, not for
// each of its nodes.
func (d *document) warn(path, problem string) {
	d, path = d.lender(path)
	id := d.id(path) + "\x00" + problem
	if d.report.warned[id] {
		return
	}
	d.report.warned[id] = true
	d.report.warnings = append(d.report.warnings, d.errorAt(path, problem))
}

func (d *document) errorAt(path, problem string) *Error {
	if from := d.origins[path]; from != "" {
		problem = from + ": " + problem
	}
	return &Error{Position: d.position(path), Key: displayKey(path), Problem: problem}
}

func (d *document) position(path string) Position {
	d, path = d.lender(path)
	line, column := d.index.find(path)
	return Position{File: d.name, Line: line, Column: column}
}

// sorted orders by file and position.
func (r *report) sorted(errs Errors) Errors {
	slices.SortStableFunc(errs, func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(slices.Index(r.files, a.Position.File), slices.Index(r.files, b.Position.File)),
			cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column),
			cmp.Compare(a.Key, b.Key),
			cmp.Compare(a.Problem, b.Problem),
		)
	})
	return errs
}

// err is nil if nothing is wrong.
func (r *report) err() error {
	if len(r.errors) == 0 {
		return nil
	}
	return r.sorted(r.errors)
}

var elementNumber = regexp.MustCompile(`\[[0-9]+\]`)

// displayKey is a path without the element numbers: the position tells which
// element it is, in the way its reader counts.
func displayKey(path string) string {
	return elementNumber.ReplaceAllString(path, "")
}
