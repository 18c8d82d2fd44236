package picocell

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeImages are four images of the right size, by file name.
func fakeImages(ext string) map[string][]byte {
	m := make(map[string][]byte)
	for i, name := range imageNames() {
		m[name+ext] = bytes.Repeat([]byte{byte(i + 1), 0xFF}, ImageSize/2)
	}
	return m
}

// arrayText is an image as the vendor writes it.
func arrayText(image []byte) []byte {
	var b bytes.Buffer
	b.WriteString("/* A comment {1, 2} */\n// another\nstatic uint8_t firmware[8192] = {\n")
	for i, v := range image {
		fmt.Fprintf(&b, "0x%02X,", v)
		if i%16 == 15 {
			b.WriteByte('\n')
		}
	}
	b.WriteString("};\n")
	return b.Bytes()
}

func writeImages(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadImages(t *testing.T) {
	raw := fakeImages(".bin")
	text := make(map[string][]byte)
	for name, b := range raw {
		text[trimExt(name)+".var"] = arrayText(b)
	}
	pins := PinsFor(raw)
	want := Images{AGC: raw["agc_fw.bin"], ARB: raw["arb_fw.bin"], Cal: raw["cal_fw.bin"], Cal5to12: raw["cal_fw5-12.bin"]}
	for name, files := range map[string]map[string][]byte{"raw": raw, "text": text, "raw named var": fakeImages(".var")} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeImages(t, dir, files)
			got, err := LoadImages(dir, pins)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error("images differ")
			}
		})
	}
	if got, err := NewImages(raw, pins); err != nil || !cmp.Equal(got, want) {
		t.Errorf("NewImages: %v", err)
	}
}

func TestLoadImagesSaysWhatIsWrong(t *testing.T) {
	tests := []struct {
		name   string
		change func(dir string) error
		want   []string
	}{
		{
			"missing", func(dir string) error { return os.Remove(filepath.Join(dir, "agc_fw.var")) },
			[]string{"agc_fw.var: no such file or directory"},
		},
		{
			"short", func(dir string) error {
				return os.WriteFile(filepath.Join(dir, "arb_fw.var"), []byte("{1,2,3}"), 0o600)
			},
			[]string{"arb_fw.var: 3 bytes, want 8192"},
		},
		{"page instead of file", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "cal_fw.var"), []byte("<html>"), 0o600)
		}, []string{"cal_fw.var: neither 8192 raw bytes nor a C array"}},
		{"other content", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "cal_fw5-12.var"), make([]byte, ImageSize), 0o600)
		}, []string{"cal_fw5-12.var: SHA-256 is 9f1dcbc35c350d6027f98be0f5c8b43b42ca52b7604459c0c42be3aa88913d47, want "}},
	}
	files := fakeImages(".var")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeImages(t, dir, files)
			if err := tt.change(dir); err != nil {
				t.Fatal(err)
			}
			_, err := LoadImages(dir, PinsFor(files))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range append(tt.want, "gatewayd firmware install", dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func TestPinsAreTheVendorsUnlessGiven(t *testing.T) {
	_, err := NewImages(fakeImages(""), nil)
	if err == nil || !strings.Contains(err.Error(), "want 08263797ad3b3ecf42de2e30987d436eb6f45cac876cede6b4051bb4f7483929") {
		t.Errorf("got %v", err)
	}
	for name, pin := range DefaultPins() {
		if len(unhex(t, pin)) != 32 {
			t.Errorf("pin of %s is not a SHA-256", name)
		}
	}
}

func TestParseArray(t *testing.T) {
	tests := []struct {
		name, in, want, err string
	}{
		{"plain", "x[] = {1, 0x02, 255};", "0102ff", ""},
		{"comments", "/* { */ a /* x */ = // {\n { 1, /* two */ 2, // three\n 3, }", "010203", ""},
		{"division is no comment", "#define A 4/2\n{ 1 }", "01", ""},
		{"empty", "{ }", "", "the C array is empty"},
		{"no array", "hello", "", "neither 8192 raw bytes nor a C array"},
		{"not closed", "{1, 2", "", "neither 8192 raw bytes nor a C array"},
		{"too big", "{1, 256}", "", `number 2 of the C array: "256" is not a byte`},
		{"negative", "{-1}", "", `number 1 of the C array: "-1" is not a byte`},
		{"hole", "{1,,2}", "", `number 2 of the C array: "" is not a byte`},
		{"open comment", "{1} /* ", "", "a comment does not end"},
		{"too long", "{" + strings.Repeat("1,", ImageSize+1) + "}", "", "more than 8192 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseArray([]byte(tt.in))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || !bytes.Equal(got, unhex(t, tt.want)) {
				t.Errorf("got %x, %v", got, err)
			}
		})
	}
}

func FuzzParseArray(f *testing.F) {
	f.Add([]byte("x[] = {1, 0x02, 255};"))
	f.Add([]byte("/* { */ {1, // x\n2}"))
	f.Add([]byte("{ /"))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := parseArray(in)
		if err != nil {
			return
		}
		again, err := parseArray(arrayText(got))
		if len(got) == 0 || len(got) > ImageSize || err != nil || !bytes.Equal(got, again) {
			t.Fatalf("%d bytes, read back as %d, %v", len(got), len(again), err)
		}
	})
}
