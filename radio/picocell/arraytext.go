package picocell

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// parseArray reads the bytes of the one array initialiser in C source text:
// what stands between the first { and the next }, as numbers below 256
// separated by commas, with C comments anywhere.
func parseArray(text []byte) ([]byte, error) {
	text, err := stripComments(text)
	if err != nil {
		return nil, err
	}
	_, body, open := bytes.Cut(text, []byte("{"))
	body, _, closed := bytes.Cut(body, []byte("}"))
	if !open || !closed {
		return nil, errors.New("neither 8192 raw bytes nor a C array { ... }")
	}
	body = bytes.TrimSpace(body)
	body = bytes.TrimSpace(bytes.TrimSuffix(body, []byte(",")))
	if len(body) == 0 {
		return nil, errors.New("the C array is empty")
	}
	values := make([]byte, 0, ImageSize)
	for field := range bytes.SplitSeq(body, []byte(",")) {
		v, err := strconv.ParseUint(string(bytes.TrimSpace(field)), 0, 8)
		if err != nil {
			return nil, fmt.Errorf("number %d of the C array: %.20q is not a byte", len(values)+1, bytes.TrimSpace(field))
		}
		if len(values) == ImageSize {
			return nil, fmt.Errorf("the C array has more than %d bytes", ImageSize)
		}
		values = append(values, byte(v))
	}
	return values, nil
}

// stripComments replaces C comments by a space.
func stripComments(text []byte) ([]byte, error) {
	var out []byte
	for {
		i := bytes.IndexByte(text, '/')
		if i < 0 || i+1 >= len(text) {
			return append(out, text...), nil
		}
		end, skip := 0, 0
		switch text[i+1] {
		case '*':
			end, skip = bytes.Index(text[i+2:], []byte("*/")), 2
		case '/':
			if end = bytes.IndexByte(text[i+2:], '\n'); end < 0 {
				return append(out, text[:i]...), nil
			}
		default:
			out = append(out, text[:i+1]...)
			text = text[i+1:]
			continue
		}
		if end < 0 {
			return nil, errors.New("a comment does not end")
		}
		out = append(append(out, text[:i]...), ' ')
		text = text[i+2+end+skip:]
	}
}
