package modem

import "time"

// maxLine is the longest line a module has to say, and some: 255 bytes in
// hexadecimal with what stands around them. What is longer is noise.
const maxLine = 640

// line is one line without its end, printable ASCII only: '?' stands for a
// byte that is not.
type line struct {
	text string
	at   time.Time // when its first byte was here
}

// assembler makes lines of the bytes of a port.
type assembler struct {
	perByte  time.Duration // on the wire
	buf      []byte
	at       time.Time
	skipping bool   // the rest of an overlong line
	overlong uint64 // lines dropped
}

// maxLag is how long bytes may wait on their way to a read: 16 ms is the
// latency timer of FTDI's USB bridges, the slowest in use.
const maxLag = 16 * time.Millisecond

// take appends the lines that c completes.
func (a *assembler) take(lines []line, c chunk) []line {
	for i, b := range c.data {
		switch {
		case b == '\r' || b == '\n':
			if len(a.buf) > 0 {
				lines = append(lines, line{string(a.buf), a.at})
			}
			a.reset()
		case a.skipping:
		case len(a.buf) == maxLine:
			a.buf, a.skipping = a.buf[:0], true
			a.overlong++
		case b < ' ' || b > '~':
			// In front of a line it is the noise of a module that starts.
			if len(a.buf) > 0 {
				a.buf = append(a.buf, '?')
			}
		default:
			if len(a.buf) == 0 {
				a.at = c.at.Add(-min(time.Duration(len(c.data)-i)*a.perByte, maxLag))
				if a.at.Before(c.from) {
					a.at = c.from
				}
			}
			a.buf = append(a.buf, b)
		}
	}
	return lines
}

// reset forgets a line begun.
func (a *assembler) reset() { a.buf, a.skipping = a.buf[:0], false }
