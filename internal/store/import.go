package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxLine is the longest line of an export: a value of maxValue in base64.
const maxLine = 2*maxValue + 8*maxName

// errExport is returned for text that is not a whole export.
var errExport = errors.New("not a whole export of a gatewayd store")

// Import makes a store in dir, which must not be there or be empty, from what
// Export has written; all of it or nothing. Its counters may be older than what
// has been used since: Report.SalvagedCounters is set.
func Import(dir string, r io.Reader) error {
	held, err := lock(dir)
	if err != nil {
		return fmt.Errorf("store %s: %w", dir, err)
	}
	err = build(dir, func(b *builder) error {
		if err := parseExport(r, b.add); err != nil {
			return err
		}
		return b.add(&record{kind: kindPut, key: keyJump, value: []byte{1}})
	})
	if err := errors.Join(err, held.Close()); err != nil {
		return fmt.Errorf("store %s: import: %w", dir, err)
	}
	return nil
}

// parseExport hands every record of an export to add. Only its nil error says
// that the export was whole.
func parseExport(r io.Reader, add func(*record) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	sum := sha256.New()
	first := fmt.Sprintf("%s %d", exportFirst, exportVersion)
	if !lines.Scan() || lines.Text() != first {
		return errors.Join(fmt.Errorf("%w: want %q at the beginning", errExport, first), lines.Err())
	}
	_, _ = io.WriteString(sum, first+"\n")
	for n := 0; lines.Scan(); n++ {
		if end, ok := bytes.CutPrefix(lines.Bytes(), []byte(exportLast+" ")); ok {
			return checkEnd(string(end), n, sum.Sum(nil), lines)
		}
		sum.Write(lines.Bytes())
		sum.Write([]byte{'\n'})
		rec, err := parseLine(lines.Bytes())
		if err == nil {
			err = add(rec)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n+2, err)
		}
	}
	return errors.Join(fmt.Errorf("%w: it has no end", errExport), lines.Err())
}

// checkEnd compares the last line with what came before, and wants nothing to
// follow.
func checkEnd(end string, n int, sum []byte, lines *bufio.Scanner) error {
	if end != fmt.Sprintf("%d %s", n, hex.EncodeToString(sum)) {
		return fmt.Errorf("%w: the checksum is another", errExport)
	}
	if lines.Scan() {
		return fmt.Errorf("%w: something follows its end", errExport)
	}
	return lines.Err()
}

// parseLine decodes one line of JSON.
func parseLine(line []byte) (*record, error) {
	var l exportLine
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("%w: %w", errExport, err)
	}
	r, err := l.record()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errExport, err)
	}
	return r, nil
}

// record checks l and turns it into a record of the log.
func (l exportLine) record() (*record, error) {
	var b Batch
	switch l.Kind {
	case lineRecord:
		value := slices.Concat([]byte{}, l.Value)
		if l.Bucket == "" && l.Key == keyLastSeen && len(value) == 8 {
			return &record{kind: kindPut, key: l.Key, value: value}, nil
		}
		b.Put = []Record{{Bucket: l.Bucket, Key: l.Key, Value: value}}
		return &record{kind: kindPut, bucket: l.Bucket, key: l.Key, value: value}, b.check()
	case lineNonces:
		b.Nonces = []Nonce{{Node: l.Node}}
		slices.Sort(l.Nonces)
		return &record{kind: kindNonceSet, node: l.Node, nonces: slices.Compact(l.Nonces)}, b.check()
	case lineMessage:
		b.Outbox = []Entry{{Node: l.Node, Record: l.Value}}
		if l.Seq == 0 || l.Seq >= 1<<63 {
			return nil, fmt.Errorf("sequence number %d", l.Seq)
		}
		return &record{
			kind: kindEntry, seq: l.Seq, at: l.At, priority: l.Priority, node: l.Node,
			sum: payloadSum(l.Seq, l.Value), value: l.Value,
		}, b.check()
	}
	return nil, fmt.Errorf("a line of kind %.20q", l.Kind)
}
