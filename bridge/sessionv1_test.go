package bridge

import (
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"testing"

	"gatewayd/internal/secret"
)

// sessionV1Record is a session as the first releases wrote it.
func sessionV1Record(id byte, heard byte) []byte {
	b := []byte{0, 0, 0, id, 0x26, 1, 2, id}
	b = append(b, slices.Repeat([]byte{id}, 16)...)     // NwkSKey
	b = append(b, slices.Repeat([]byte{id + 1}, 16)...) // AppSKey
	b = append(b, heard)
	b = binary.BigEndian.AppendUint32(b, 1<<20) // FCntUp
	b = binary.BigEndian.AppendUint32(b, 77)    // FCntDown
	return append(b, 1, 2, 3, 4)                // MIC
}

func TestUnmarshalStateV1(t *testing.T) {
	t.Parallel()
	k := func(b byte) secret.AES128 { return secret.NewAES128([16]byte(slices.Repeat([]byte{b}, 16))) }
	want := func(id byte, heard bool) session {
		return session{
			id: uint32(id), devAddr: [4]byte{0x26, 1, 2, id}, keys: keys10(k(id), k(id+1)), heard: heard,
			fCntUp: 1 << 20, nFCntDown: 77, mic: [4]byte{1, 2, 3, 4},
		}
	}
	record := append([]byte{1, hasActive | hasJoining, 0, 0, 0, 9}, sessionV1Record(5, 1)...)
	record = append(record, sessionV1Record(7, 0)...)
	got, err := unmarshalState(record)
	if err != nil {
		t.Fatal(err)
	}
	expected := newState()
	expected.joinNonce = 9
	expected.active, expected.hasActive = want(5, true), true
	expected.joining, expected.hasJoining = want(7, false), true
	if !reflect.DeepEqual(expected, got) {
		t.Error("got another state")
	}
	// Moved ahead in a salvaged store, it is written before its node is loaded.
	if again, err := unmarshalState(got.marshal()); err != nil || !reflect.DeepEqual(again, got) {
		t.Errorf("written again: got another state, %v", err)
	}
	for cut := range record {
		if _, err := unmarshalState(record[:cut]); !errors.Is(err, errState) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func TestUnmarshalStateRefuses(t *testing.T) {
	t.Parallel()
	good := state{
		hasActive: true, hasJoining: true, recent: []uint64{1, 2, 3}, devNonce: 5, rjCount1: -1,
		active: session{id: 1}, joining: session{id: 2, v11: true, confCount: 3},
	}.marshal()
	if _, err := unmarshalState(good); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"newer":         {3, 0, 0, 0, 0, 0},
		"more behind":   append(slices.Clone(good), 0),
		"unknown flag":  append([]byte{stateVersion, 4}, newState().marshal()[2:]...),
		"v1, more":      {1, 0, 0, 0, 0, 9, 0},
		"v1, flag":      {1, 8, 0, 0, 0, 9},
		"nothing":       {},
		"version alone": {stateVersion},
	} {
		if _, err := unmarshalState(b); !errors.Is(err, errState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for cut := range good {
		if _, err := unmarshalState(good[:cut]); !errors.Is(err, errState) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}
