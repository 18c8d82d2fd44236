package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
)

// Prefixes of a secret that is kept elsewhere.
const (
	fromFile       = "file:"
	fromCredential = "credential:" // of systemd
	fromEnv        = "env:"
)

// fetchSecrets puts the secrets that the raw struct raw of table s refers to
// in the place of the references.
func (v validator) fetchSecrets(s section, raw reflect.Value) {
	for _, f := range fieldsOf(raw.Type()) {
		key, value := f.Tag.Get("toml"), raw.FieldByIndex(f.Index)
		switch {
		case f.Type == reflect.TypeFor[secretText]():
			value.SetString(v.fetch(s, key, value.String()))
		case f.Type.Kind() == reflect.Struct:
			v.fetchSecrets(s.in(key), value)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			for i := range value.Len() {
				v.fetchSecrets(s.item(key, i), value.Index(i))
			}
		}
	}
}

// fetch is the secret that text is, or refers to.
func (v validator) fetch(s section, key, text string) string {
	from, content, err := v.lookUp(s, key, text)
	switch {
	case err != nil:
		s.fail(key, "%v", err)
		return text // whatever is said of it now is a consequence
	case from == "":
		s.doc.literal = s.doc.literal || isSecret(key, text)
		return text
	case strings.TrimSpace(content) == "":
		s.fail(key, "%s is empty; put the key there", from)
		return text
	}
	s.doc.origins[s.at(key)] = from
	return strings.TrimSpace(content) // editors end files with a newline
}

// isSecret reports whether text has anything to hide: the address of a proxy
// has only with a password.
func isSecret(key, text string) bool {
	return text != "" && (key != "proxy" || strings.Contains(text, "@"))
}

// lookUp follows a reference. from says in words where it leads; it is empty
// if text is none.
func (v validator) lookUp(s section, key, text string) (from, content string, err error) {
	if path, ok := strings.CutPrefix(text, fromFile); ok {
		content, err := v.secretFile(s, key, path)
		return "file " + v.path(path), content, err
	}
	if name, ok := strings.CutPrefix(text, fromCredential); ok {
		content, err := v.systemdCredential(name)
		return "credential " + name, content, err
	}
	if name, ok := strings.CutPrefix(text, fromEnv); ok {
		content := v.env.getenv(name)
		if content == "" {
			err = fmt.Errorf("environment variable %s is not set; set it for this process", name)
		}
		return "environment variable " + name, content, err
	}
	return "", "", nil
}

func (v validator) secretFile(s section, key, path string) (string, error) {
	if path == "" {
		return "", errors.New(`no path; want "file:/path/of/the/key"`)
	}
	src, err := v.env.read(v.path(path))
	if err != nil {
		return "", fmt.Errorf("%w; name a file that holds the key alone", err)
	}
	if src.mode&0o004 != 0 {
		s.warn(key, fmt.Sprintf("every user of this machine can read %s; chmod o-r it", src.name))
	}
	return string(src.data), nil
}

func (v validator) systemdCredential(name string) (string, error) {
	if name == "" || strings.ContainsRune(name, '/') {
		return "", errors.New("not the name of a credential; want that of LoadCredential= in the unit")
	}
	folder := v.env.getenv("CREDENTIALS_DIRECTORY")
	if folder == "" {
		return "", fmt.Errorf("credential %s: systemd has given none to this process; add LoadCredential=%s:FILE to the unit", name, name)
	}
	src, err := v.env.read(filepath.Join(folder, name))
	if err != nil {
		return "", fmt.Errorf("credential %s: %w; add LoadCredential=%s:FILE to the unit", name, err, name)
	}
	return string(src.data), nil
}
