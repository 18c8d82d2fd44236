package store

import (
	"errors"
	"fmt"
	"io"
)

// segment is one file of the log.
type segment struct {
	header
	name    string
	file    File
	end     int64  // where the next group goes
	filled  int64  // up to here the file has been written before
	damaged bool   // kept aside when it leaves the log
	lost    uint64 // groups known to be missing
	failed  bool   // a write or sync has; not to be used again
}

// readAll returns what is in f.
func readAll(f File) ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(f, 0, 1<<62))
}

// payload reads an outbox entry's payload and checks it. errRecord stands for
// a payload that is not what was written.
func (g *segment) payload(it item) ([]byte, error) {
	b := make([]byte, it.size)
	if n, err := g.file.ReadAt(b, it.off); n < len(b) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", g.name, err)
	}
	if payloadSum(it.seq, b) != it.sum {
		return nil, fmt.Errorf("%s: %w at %d", g.name, errRecord, it.off)
	}
	return b, nil
}

// unit is what the device is given at least for a write, in bytes.
func (g *segment) unit() int64 {
	if f, known := g.file.(interface{ unit() int64 }); known {
		return f.unit()
	}
	return page
}

// seed is that of the segment's groups.
func (g *segment) seed() uint32 { return seed(g.id, g.number) }
