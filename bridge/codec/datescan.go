package codec

import (
	"strings"
	"unicode/utf16"
)

// dateToken is a part of a text: a number, a word, a sign of its own kind.
type dateToken struct {
	kind   rune
	value  int
	length int
	word   string // in small letters, cut after a few
}

const (
	dateEnd    rune = 0
	dateNumber rune = '0'
	dateWord   rune = 'a'
	dateSpace  rune = ' '
	dateOther  rune = '?'
)

func (t dateToken) isSign() bool { return t.kind == '+' || t.kind == '-' }

func (t dateToken) sign() int {
	if t.kind == '-' {
		return -1
	}
	return 1
}

func (t dateToken) isNumber(digits int) bool { return t.kind == dateNumber && t.length == digits }

// milliseconds takes the digits after a point.
func (t dateToken) milliseconds() int {
	n := t.value
	for length := t.length; length < 3; length++ {
		n *= 10
	}
	for length := min(t.length, 9); length > 3; length-- {
		n /= 10
	}
	return n
}

// dateScanner cuts a text into tokens.
type dateScanner struct {
	text  []uint16
	at    int
	token dateToken // the next one
}

// next goes to the next token and returns the one before it.
func (s *dateScanner) next() dateToken {
	token := s.token
	s.token = s.scan()
	return token
}

// skip goes past a token of this kind.
func (s *dateScanner) skip(kind rune) bool {
	if s.token.kind != kind {
		return false
	}
	s.next()
	return true
}

// char is the character at which the scanner stands; 0 at the end.
func (s *dateScanner) char() rune {
	if s.at < len(s.text) {
		return rune(s.text[s.at])
	}
	return 0
}

func (s *dateScanner) scan() dateToken {
	if s.at >= len(s.text) {
		return dateToken{}
	}
	begin, c := s.at, s.char()
	switch {
	case c >= '0' && c <= '9':
		return s.scanNumber()
	case strings.ContainsRune(":-+.)", c):
		s.at++
		return dateToken{kind: c}
	case isJSSpace(c):
		s.at++
		return dateToken{kind: dateSpace}
	case c >= 'A':
		for s.at < len(s.text) && s.char() >= 'A' && !isJSSpace(s.char()) {
			s.at++
		}
		word := strings.ToLower(string(utf16.Decode(s.text[begin:min(s.at, begin+4)])))
		return dateToken{kind: dateWord, word: word}
	case c == '(':
		s.skipParentheses()
		return dateToken{kind: dateOther}
	}
	s.at++
	return dateToken{kind: dateOther}
}

// scanNumber reads digits, of which nine count.
func (s *dateScanner) scanNumber() dateToken {
	begin, n := s.at, 0
	for s.char() == '0' {
		s.at++
	}
	for i := 0; s.char() >= '0' && s.char() <= '9'; i++ {
		if i < 9 {
			n = n*10 + int(s.char()-'0')
		}
		s.at++
	}
	return dateToken{kind: dateNumber, value: n, length: s.at - begin}
}

func (s *dateScanner) skipParentheses() {
	for depth := 0; s.at < len(s.text); {
		switch s.char() {
		case '(':
			depth++
		case ')':
			depth--
		}
		s.at++
		if depth == 0 {
			return
		}
	}
}

// isJSSpace reports whether c is white space or the end of a line.
func isJSSpace(c rune) bool {
	switch c {
	case ' ', '\t', '\n', '\v', '\f', '\r', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return c >= 0x2000 && c <= 0x200a
}
