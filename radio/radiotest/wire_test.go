package radiotest

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAssembler(t *testing.T) {
	long := append([]byte{'a', 0, 96, 10}, bytes.Repeat([]byte{7}, 96)...) // 100 bytes, two packets
	for _, c := range []struct {
		name   string
		writes [][]byte
		want   [][]byte
	}{
		{"one write", [][]byte{{'r', 0, 1, 1, 0}}, [][]byte{{'r', 0, 1, 1, 0}}},
		{"long, one write", [][]byte{long}, [][]byte{long}},
		{"header alone is a command", [][]byte{{'w', 0, 1, 0}, {'r'}}, [][]byte{{'w', 0, 1, 0}, {'r'}}},
		{
			"long, header apart: the payload lands at the next packet",
			[][]byte{long[:4], long[4:]},
			[][]byte{append(append([]byte{}, padded(long[:4], 64)...), long[4:68]...), long[68:]},
		},
		{"unknown id takes a packet", [][]byte{append([]byte{'?', 9, 9, 0}, make([]byte, 60)...)}, [][]byte{append([]byte{'?', 9, 9, 0}, make([]byte, 60)...)}},
	} {
		var a assembler
		var got [][]byte
		for _, w := range c.writes {
			got = append(got, a.write(w)...)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestInbox(t *testing.T) {
	var in inbox
	if got := in.take([]byte{'q', 0}); got != nil || !in.partial() {
		t.Fatalf("half a header: % x, partial %v", got, in.partial())
	}
	want := [][]byte{{'q', 0, 0, 0}, {'r', 0, 1, 1, 0}}
	if diff := cmp.Diff(want, in.take([]byte{0, 0, 'r', 0, 1, 1, 0, 'w', 0, 1})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]byte{{'w', 0, 1}}, in.settle()); diff != "" || in.partial() {
		t.Errorf("settled: %s, partial %v", diff, in.partial())
	}
	if got := parseCommand([]byte{'w', 0, 1}); len(got.data) != 1 || got.data[0] != 0 {
		t.Errorf("missing data: % x, want a zero", got.data)
	}
}

func TestAnswer(t *testing.T) {
	for _, c := range []struct{ data, size int }{{0, 4}, {1, 5}, {59, 63}, {60, 65}, {61, 65}, {1020, 1025}} {
		if got := answer('p', statusOK, make([]byte, c.data)); len(got) != c.size || dataLength(got) != c.data {
			t.Errorf("%d bytes: answer of %d with length %d, want %d", c.data, len(got), dataLength(got), c.size)
		}
	}
}

func TestRegisterFields(t *testing.T) {
	r := resetRegisters()
	for _, c := range []struct {
		f    field
		want int32
	}{
		{fieldIF(0), -384},
		{fieldIF(1), -128},
		{fieldIF(2), 128},
		{fieldIF(3), 384},
		{fieldIF(7), 384},
		{fieldIF(8), 0},
		{field{0, 83, 0, 12}, 4092 - 4096},
		{field{1, 42, 7, 1}, -1},
		{field{0, 99, 4, 2}, -2},
	} {
		if got := r.getSigned(c.f); got != c.want {
			t.Errorf("%+v: %d, want %d", c.f, got, c.want)
		}
	}
	before := r
	r.set(fieldIF(3), 0x1FFF)
	r.set(fieldIF(3), 0)
	r.set(fieldIF(3), 384)
	r.set(fieldFSKPatternHigh, 0xC194C100)
	if got := r.get(fieldFSKPatternHigh); got != 0xC194C100 {
		t.Errorf("32-bit field: 0x%x", got)
	}
	r.set(fieldFSKPatternHigh, 0)
	if r != before {
		t.Error("set touched a neighbour")
	}
}
