package radiotest

// inbox finds the host's writes in what a pty delivers. A pty keeps the bytes
// and mostly, but not always, the boundaries of writes; so a read that ends
// inside a command waits for the rest, and only a pause (settle) shows that
// the host wrote the command in pieces.
type inbox struct {
	asm     assembler
	pending []byte
}

// take returns the commands that the bytes of one read complete.
func (i *inbox) take(b []byte) [][]byte {
	if i.asm.busy() {
		return i.asm.write(b)
	}
	i.pending = append(i.pending, b...)
	var out [][]byte
	for len(i.pending) > 0 {
		size, ok := complete(i.pending)
		if !ok {
			break
		}
		out = append(out, i.asm.write(i.pending[:size])...)
		i.pending = i.pending[size:]
	}
	return out
}

// partial reports whether part of a command waits for the rest.
func (i *inbox) partial() bool { return len(i.pending) > 0 }

// settle takes what is there as a write of its own: the device would.
func (i *inbox) settle() [][]byte {
	b := i.pending
	i.pending = nil
	return i.asm.write(b)
}
