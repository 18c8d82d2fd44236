package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"
)

// NodeKey is one key of [[node]].
type NodeKey struct {
	Name   string
	Kind   NodeKeyKind
	Secret bool // a key or token, or where it is kept
}

// NodeKeyKind is what a key of [[node]] holds.
type NodeKeyKind int

// The kinds.
const (
	KindText     NodeKeyKind = iota
	KindInteger              // int64
	KindNumber               // float64
	KindFlag                 // bool
	KindIntegers             // list of int64
	KindTexts                // table of texts
)

// NodeKeys are the keys of [[node]], in the order in which they are written.
func NodeKeys() []NodeKey {
	var keys []NodeKey
	for _, f := range fieldsOf(reflect.TypeFor[rawNode]()) {
		t := f.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		k := NodeKey{Name: f.Tag.Get("toml"), Secret: t == reflect.TypeFor[secretText]()}
		switch t.Kind() {
		case reflect.Int64:
			k.Kind = KindInteger
		case reflect.Float64:
			k.Kind = KindNumber
		case reflect.Bool:
			k.Kind = KindFlag
		case reflect.Slice:
			k.Kind = KindIntegers
		case reflect.Map:
			k.Kind = KindTexts
		default:
			k.Kind = KindText
		}
		keys = append(keys, k)
	}
	return keys
}

// IsReference reports whether the text of a secret says where it is kept.
func IsReference(text string) bool {
	return strings.HasPrefix(text, fromFile) || strings.HasPrefix(text, fromCredential) || strings.HasPrefix(text, fromEnv)
}

// NodesFiles are the texts in which the nodes of a configuration stand.
type NodesFiles struct {
	Main     string // name of the main file
	MainText []byte
	Name     string // of the nodes_file; "" if the main file names none
	Text     []byte // empty if there is no such file yet
	// Provisioned says that nodes which say nothing of it are left to the
	// provisioning service.
	Provisioned bool
}

// ReadNodesFiles reads the configuration at path and its nodes_file as text.
// Neither is checked beyond its syntax.
func ReadNodesFiles(path string) (NodesFiles, error) {
	main, err := readSource(path)
	if err != nil {
		return NodesFiles{}, err
	}
	var raw rawConfig
	r := newReport()
	file, ok := parse(main, r)
	if !ok {
		return NodesFiles{}, r.err()
	}
	file.into(&raw, profiles{})
	f := NodesFiles{Main: path, MainText: main.data, Provisioned: raw.DPS.AllNodes}
	if raw.NodesFile == "" {
		return f, nil
	}
	f.Name = validator{main: main}.path(raw.NodesFile)
	src, err := readSource(f.Name)
	if err != nil && !os.IsNotExist(err) {
		return NodesFiles{}, err
	}
	f.Text = src.data
	return f, nil
}

// Try loads the configuration as Load does, with text in the place of the
// nodes_file.
func (f NodesFiles) Try(getenv func(string) string, text []byte) (*Config, error) {
	env := systemEnvironment(getenv)
	env.read = func(path string) (source, error) {
		if path == f.Name {
			return source{name: path, data: text, mode: 0o600}, nil
		}
		return readSource(path)
	}
	main, err := env.read(f.Main)
	if err != nil {
		return nil, err
	}
	return check(main, env)
}

// FetchSecret reads the secret that a reference names, for a command that is
// given one.
func FetchSecret(reference string, getenv func(string) string) (string, error) {
	v := validator{env: systemEnvironment(getenv)}
	doc := newReport().open("", newIndex(nil)) // of warnings, which are the configuration's own
	from, content, err := v.lookUp(section{doc: doc}, "", reference)
	if content = strings.TrimSpace(content); err == nil && content == "" {
		err = fmt.Errorf("%s is empty; put the secret there", from)
	}
	return content, err
}
