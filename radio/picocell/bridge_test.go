package picocell

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scriptedBridge answers reads with the given bytes, one after the other, and
// writes with nothing. It returns what was sent, as hexadecimal.
func scriptedBridge(reads ...byte) (*bridge, *[]string) {
	var sent []string
	b := &bridge{step: "test", wait: func(time.Duration) error { return nil }}
	b.do = func(c command) (response, error) {
		sent = append(sent, hex.EncodeToString(c.append(nil)))
		switch c.id {
		case cmdRead:
			v := reads[0]
			reads = reads[1:]
			return response{ok: true, data: []byte{v}}, nil
		case cmdReadBurst, cmdReadFirst, cmdReadMiddle, cmdReadLast:
			return response{ok: true, data: make([]byte, int(c.data[0])<<8|int(c.data[1]))}, nil
		}
		return response{ok: true}, nil
	}
	return b, &sent
}

func TestSetRegister(t *testing.T) {
	tests := []struct {
		name string
		id   registerID
		v    int64
		old  byte
		want []string
	}{
		{"whole byte, any page", regMCUPROMAddr, 0xAB, 0, []string{"77000109ab"}},
		{"whole byte, page 0", regRadioSelect, 16, 0, []string{"7700010000", "7700012310"}},
		{"one bit, any page", regGlobalEn, 1, 0b0000_0101, []string{"7200011000", "770001100d"}},
		{"one bit off, page 2", regRadioRst, 0, 0b1111_1111, []string{"7700010002", "7200012b00", "7700012bfb"}},
		{"field in the middle keeps its neighbours", regCorrMacGain, 7, 0b1000_1111, []string{"7700010000", "7200014e00", "7700014eff"}},
		{"field is masked", regSNRAvgCst, 0xFF, 0, []string{"7700010000", "7200016300", "7700016330"}},
		{"13 bits, negative", regIFFreq0, -819, 0, []string{"7700010000", "61000224cd1c"}},
		{"12 bits", regAdjustModemStartOffsetSF12Rdx4, 4094, 0, []string{"7700010000", "61000253fe0f"}},
		{"16 bits", regTxStartDelay, 1500, 0, []string{"7700010001", "61000222dc05"}},
		{"32 bits", regFSKRefPatternMsb, 0xC194C100, 0, []string{"7700010001", "6100044800c194c1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, sent := scriptedBridge(tt.old)
			b.set(tt.id, tt.v)
			if diff := cmp.Diff(tt.want, *sent); diff != "" || b.err != nil {
				t.Error(diff, b.err)
			}
		})
	}
}

func TestGetRegister(t *testing.T) {
	b, sent := scriptedBridge(0b1011_0111)
	if got := b.get(regSNRAvgCst); got != 0b11 {
		t.Errorf("got %b", got)
	}
	if diff := cmp.Diff([]string{"7700010000", "7200016300"}, *sent); diff != "" {
		t.Error(diff)
	}
}

func TestFirstErrorSticks(t *testing.T) {
	b, sent := scriptedBridge(0x66)
	b.expect(regVersion, chipVersion, "look closer")
	b.set(regGlobalEn, 1)
	b.pause(time.Hour)
	b.expect(regMCUAGCStatus, 1, "")
	if len(*sent) != 1 {
		t.Errorf("went on: %v", *sent)
	}
	const want = "bring-up: test: VERSION reads 0x66, want 0x67: look closer"
	if b.err == nil || b.err.Error() != want {
		t.Errorf("got %q, want %q", b.err, want)
	}
}

func TestBridgeErrors(t *testing.T) {
	gone := &goneError{errors.New("plug pulled")}
	tests := []struct {
		name string
		r    response
		err  error
		want string
	}{
		{"refused", response{}, nil, "device refused command 'w'"},
		{"too much data", response{ok: true, data: []byte{1}}, nil, "answer to command 'w' has 1 bytes, not 0"},
		{"link", response{}, gone, "plug pulled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &bridge{do: func(command) (response, error) { return tt.r, tt.err }}
			b.writeByte(1, 2)
			if b.err == nil || !strings.Contains(b.err.Error(), tt.want) || tt.err != nil && !errors.Is(b.err, tt.err) {
				t.Errorf("got %v, want %q", b.err, tt.want)
			}
		})
	}
}

// The chunks are those of picoGW_hal for an image of 8192 bytes.
func TestBursts(t *testing.T) {
	b, sent := scriptedBridge()
	b.writeBurst(10, make([]byte, ImageSize))
	if got := b.readBurst(10, ImageSize); len(got) != ImageSize {
		t.Errorf("read %d bytes", len(got))
	}
	b.writeBurst(10, make([]byte, 600))
	b.readBurst(10, 900)
	var heads []string
	for _, s := range *sent {
		if s[0:1] == "7" && (s[1] == '3' || s[1] == '4' || s[1] == '5' || s[1] == '0') {
			heads = append(heads, s) // reads are short
		} else {
			heads = append(heads, s[:8])
		}
	}
	want := []string{"7802580a"}
	for range 12 {
		want = append(want, "7902580a")
	}
	want = append(want, "7a01880a", "7300020a0384")
	for range 8 {
		want = append(want, "7400020a0384")
	}
	want = append(want, "7500020a005c", "6102580a", "7000020a0384")
	if diff := cmp.Diff(want, heads); diff != "" {
		t.Error(diff)
	}
}

func TestLoadFirmwareComparesWhatItReadsBack(t *testing.T) {
	b, _ := scriptedBridge(make([]byte, 8)...)
	image := make([]byte, ImageSize)
	b.loadFirmware(gainControl(), image)
	if b.err != nil {
		t.Fatal(b.err)
	}
	image[5000] = 0x8A
	b, _ = scriptedBridge(make([]byte, 8)...)
	b.loadFirmware(gainControl(), image)
	if b.err == nil || !strings.Contains(b.err.Error(), "AGC program memory at 5000 reads 0x00, want 0x8A") {
		t.Errorf("got %v", b.err)
	}
}
