package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"gatewayd/internal/secret"
)

const (
	text = "SharedAccessSignature sr=x&sig=topsecret"
	hexs = "5ec2e75ec2e75ec2e75ec2e75ec2e75e"
)

// holder has secrets where a careless %+v would find them.
type holder struct {
	Text secret.Text
	Key  secret.AES128
	text secret.Text
	key  secret.AES128
}

func TestNeverPrinted(t *testing.T) {
	t.Parallel()
	k, err := secret.ParseAES128(hexs)
	if err != nil {
		t.Fatal(err)
	}
	s := secret.NewText(text)
	h := holder{s, k, s, k}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{s, k, &s, &k, h, &h, []secret.Text{s}, map[string]secret.AES128{"k": k}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	fmt.Fprintf(&out, "%#v %#v %#v\n", s, k, h)
	for _, v := range []any{h.Text, h.Key, h} {
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
	}
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{}), zapcore.AddSync(&out), zapcore.DebugLevel))
	log.Info("", zap.Any("t", s), zap.Any("k", k), zap.Any("h", h), zap.Reflect("r", k))

	for _, leak := range []string{"topsecret", hexs, strings.ToUpper(hexs), "94 194 231"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q was printed:\n%s", leak, out.String())
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing was printed at all")
	}
}

func TestReveal(t *testing.T) {
	t.Parallel()
	if got := secret.NewText(text).Reveal(); got != text {
		t.Errorf("got %q", got)
	}
	k, err := secret.ParseAES128("000102030405060708090A0b0C0d0E0f")
	if err != nil || k.Reveal() != [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
		t.Errorf("another key, %v", err)
	}
	if k.IsZero() || !(secret.AES128{}).IsZero() || secret.NewAES128([16]byte{}).IsZero() {
		t.Error("IsZero: no key and the key of zeros are two things")
	}
}

func TestParseErrorsDoNotQuote(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "00", "zz0102030405060708090A0b0C0d0E0f", hexs + "00", "topsecrettopsecrettopsecrettopse"} {
		_, err := secret.ParseAES128(s)
		if err == nil {
			t.Errorf("%q was taken for a key", s)
			continue
		}
		if s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("the error quotes the input: %v", err)
		}
	}
}
