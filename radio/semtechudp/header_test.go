package semtechudp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseHeader(t *testing.T) {
	t.Parallel()
	eui := radio.EUI64{0xaa, 0x55, 0x5a, 0, 0, 0, 1, 1}
	for name, tt := range map[string]struct {
		datagram string
		want     header
		body     string
		err      error
	}{
		"PULL_DATA":       {"02 1234 02 aa555a0000000101", header{2, 0x1234, pullData, eui}, "", nil},
		"PUSH_DATA v1":    {"01 0001 00 aa555a0000000101 7b7d", header{1, 1, pushData, eui}, "{}", nil},
		"TX_ACK":          {"02 ffff 05 aa555a0000000101", header{2, 0xffff, txAck, eui}, "", nil},
		"empty":           {"", header{}, "", errShort},
		"EUI cut off":     {"02 1234 02 aa555a00000001", header{}, "", errShort},
		"version 0":       {"00 1234 02 aa555a0000000101", header{}, "", errVersion},
		"version 3":       {"03 1234 02 aa555a0000000101", header{}, "", errVersion},
		"of a server":     {"02 1234 03 aa555a0000000101", header{}, "", errKind},
		"unknown kind":    {"02 1234 06 aa555a0000000101", header{}, "", errKind},
		"acknowledgement": {"02 1234 01 aa555a0000000101", header{}, "", errKind},
	} {
		h, body, err := parseHeader(unhex(t, tt.datagram))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", name, err, tt.err)
		}
		if err == nil && (h != tt.want || string(body) != tt.body) {
			t.Errorf("%s: %+v, %q", name, h, body)
		}
	}
}

func TestAck(t *testing.T) {
	t.Parallel()
	for want, h := range map[string]header{
		"02 1234 01": {version: 2, token: 0x1234, kind: pushData},
		"01 1234 04": {version: 1, token: 0x1234, kind: pullData},
	} {
		if got := h.ack(); !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("%x, want %s", got, want)
		}
	}
}

func TestParseReport(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Report{
		// PROTOCOL.TXT, section 4.
		`{"time":"2014-01-12 08:59:28 GMT","lati":46.24000,"long":3.25230,"alti":145,"rxnb":2,"rxok":2,"rxfw":2,"ackr":100.0,"dwnb":2,"txnb":2}`: {
			Received: 2, CRCOK: 2, Forwarded: 2, Acknowledged: 100, Downlinks: 2, Emitted: 2, Latitude: 46.24, Longitude: 3.2523, Altitude: 145,
		},
		`{"rxnb":"7","rxok":null,"rxfw":-1,"temp":23.5}`: {Received: 7, Temperature: 23.5},
		`{}`: {},
	} {
		got, err := parseReport([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	if _, err := parseReport([]byte(`[]`)); err == nil {
		t.Error("an array is no status")
	}
}
