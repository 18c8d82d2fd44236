package devicerepo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// strictJSON turns the JSON of ChirpStack's tests into JSON: it has comments,
// hexadecimal numbers and commas before a closing bracket.
func strictJSON(text []byte) ([]byte, error) {
	var b []byte
	for len(text) > 0 {
		n, err := token(text)
		if err != nil {
			return nil, err
		}
		b = appendToken(b, text[:n])
		text = text[n:]
	}
	if !json.Valid(b) {
		return nil, errors.New("not JSON, not even with comments and hexadecimal numbers")
	}
	return b, nil
}

// token is the length of the next string, comment, word or other character.
func token(text []byte) (int, error) {
	switch c := text[0]; {
	case c == '"':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1, nil
			}
		}
		return 0, errors.New("a text does not end")
	case bytes.HasPrefix(text, []byte("//")):
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			return end, nil
		}
		return len(text), nil
	case bytes.HasPrefix(text, []byte("/*")):
		if end := bytes.Index(text, []byte("*/")); end >= 0 {
			return end + 2, nil
		}
		return 0, errors.New("a comment does not end")
	case wordByte(c):
		n := 1
		for n < len(text) && wordByte(text[n]) {
			n++
		}
		return n, nil
	}
	return 1, nil
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '+' || c == '-'
}

func appendToken(b, t []byte) []byte {
	switch {
	case t[0] == '/' && len(t) > 1: // a comment
		return b
	case t[0] == ']' || t[0] == '}':
		return append(bytes.TrimSuffix(bytes.TrimRight(b, " \t\r\n"), []byte(",")), t...)
	case len(t) > 2 && t[0] == '0' && (t[1] == 'x' || t[1] == 'X'):
		if n, err := strconv.ParseUint(string(t[2:]), 16, 53); err == nil {
			return strconv.AppendUint(b, n, 10)
		}
	}
	return append(b, t...)
}

// objectOf reads a JSON object whose keys keep their order.
func objectOf(raw json.RawMessage) (values, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	v := values{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		v = append(v, member{fmt.Sprint(key), value})
	}
	return v, nil
}
