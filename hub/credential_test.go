package hub

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gatewayd/internal/secret"
)

// Keys and tokens computed with Microsoft's Node SDK (azure-iot-common), V4
// as published by Microsoft, V7 by the tests of amenzhinsky/iothub.
const (
	keyV1   = "R5CpMrUKEM4sK2xJLRATRm/TaBf4yAm2AWLzkwXQSr4="
	tokenV1 = "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2FMyDevice01&sig=Pkc%2Fo02dqdnXP30btE9LPV8g%2BDXI6X1%2B5ooB7lAOyt4%3D&se=1767225600"
	// tokenV1b signs lower-case escapes, tokenV1c none: all three are valid.
	tokenV1b = "SharedAccessSignature sr=contoso.azure-devices.net%2fdevices%2fMyDevice01&sig=2Til8O4uXChgQ%2Fqp757E%2BndgQwCvNp5mRCBQUs0bVEc%3D&se=1767225600"
	tokenV1c = "SharedAccessSignature sr=contoso.azure-devices.net/devices/MyDevice01&sig=p9s8c47ItbCLF2xXgQWoylGnsPpkQz8p8dnKF%2FZHPOI%3D&se=1767225600"
	tokenV3  = "SharedAccessSignature sr=contoso.azure-devices.net&sig=R7x9D6hjzd%2B8%2F%2FKu6HnpkHMEyGu89i8QQxuu%2F9PB%2Fj8%3D&skn=iothubowner&se=1767225600"
)

func TestSignSAS(t *testing.T) {
	tests := []struct {
		name, key, resource string
		expires             int64
		want                string
	}{
		{"V1", keyV1, "contoso.azure-devices.net/devices/MyDevice01", 1767225600, tokenV1},
		{
			"V2", "6wNtxIK3v+F7OSKzyRiNR9KbvxRdjG0+xZejviE7TMk=", "contoso.azure-devices.net/devices/lora-a81758fffe03abcd", 1767225600,
			"SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2Flora-a81758fffe03abcd&sig=nZH4HcWsu2kGojwuZBJdgw%2BXR%2FDnrUU0YpTCsnUa3Co%3D&se=1767225600",
		},
		{
			"V3", "x98GiASi9g3nmmuEjHNvueiCuPNdnMhGSBapbSJvRgk=", "contoso.azure-devices.net", 1767225600,
			strings.Replace(tokenV3, "&skn=iothubowner", "", 1),
		},
		{
			"V4", "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA==", "MyExampleHub.azure-devices.net/devices/my-symkey-device", 1663119026,
			"SharedAccessSignature sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026",
		},
		{
			"V5", keyV1, "contoso.azure-devices.net/devices/MyDevice01/modules/m1", 1767225600,
			"SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2FMyDevice01%2Fmodules%2Fm1&sig=GnKmXu%2BGOWzqAviIITNVUo9mxQjpkdphIpunheyGBPs%3D&se=1767225600",
		},
		{
			"V6", keyV1, "contoso.azure-devices.net/devices/dev:01.a_b", 1767225600,
			"SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2Fdev%3A01.a_b&sig=%2FkiD9nqqqtDI%2FbYHBNNrQzPaWigrAdYzboG%2BSo2tsMg%3D&se=1767225600",
		},
		{
			"V7", "c2VjcmV0", "test.azure-devices.net", 1546308061,
			"SharedAccessSignature sr=test.azure-devices.net&sig=uux4PSAK1s9efNcBHin0pm7O5oENedTWkhqGp8JAyFY%3D&se=1546308061",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := SignSAS(tt.resource, decode(t, tt.key), time.Unix(tt.expires, 0)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The signature is over sr as it stands: other escapes, another signature.
func TestSignatureOverTextAsSent(t *testing.T) {
	for _, token := range []string{tokenV1, tokenV1b, tokenV1c} {
		sr, rest, _ := strings.Cut(strings.TrimPrefix(token, "SharedAccessSignature sr="), "&sig=")
		sig, se, _ := strings.Cut(rest, "&se=")
		if got := escape(sasSignature(sr, se, decode(t, keyV1))); got != sig {
			t.Errorf("sr %s: signature %s, want %s", sr, got, sig)
		}
	}
}

func TestDeviceKey(t *testing.T) {
	c, err := NewDeviceKey(secret.NewText(keyV1))
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Unix(1767225600, 0)
	token, got, err := c.Token("contoso.azure-devices.net/devices/MyDevice01", expires.Add(-time.Hour+300*time.Millisecond), time.Hour)
	if err != nil || !got.Equal(expires) || token.Reveal() != tokenV1 {
		t.Errorf("got a token until %v, error %v, want V1 until %v", got, err, expires)
	}
	if _, _, err := c.Token("r", expires, 0); err == nil {
		t.Error("a token without life was signed")
	}
}

func TestNewDeviceKeyRefuses(t *testing.T) {
	tests := []struct{ name, key, want string }{
		{"empty", "", "empty"},
		{"not base64", "not-base64!", "not base64"},
		{"cut off", keyV1[:len(keyV1)-1], "not base64"},
		{"line end inside", keyV1[:8] + " " + keyV1[8:], "not base64"},
		{"15 bytes", encode(15), "15 bytes"},
		{"65 bytes", encode(65), "65 bytes"},
		{"16 bytes", encode(16), ""},
		{"64 bytes", encode(64), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewDeviceKey(secret.NewText(tt.key))
			checkError(t, err, tt.want, tt.key)
		})
	}
}

func TestSASToken(t *testing.T) {
	const mine = "contoso.azure-devices.net/devices/MyDevice01"
	good := time.Unix(1767225599, 0)
	tests := []struct {
		name, token, resource string
		now                   time.Time
		want                  string
	}{
		{"V1", tokenV1, mine, good, ""},
		{"lower-case escapes", tokenV1b, mine, good, ""},
		{"no escapes", tokenV1c, mine, good, ""},
		{"whole hub", tokenV3, mine, good, ""},
		{"host in another case", tokenV1, "CONTOSO.azure-devices.net/devices/MyDevice01", good, ""},
		{"device in another case", tokenV1, "contoso.azure-devices.net/devices/mydevice01", good, "not for"},
		{"longer id", tokenV1, mine + "1", good, "not for"},
		{"module's token", "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2FMyDevice01%2Fmodules%2Fm1&sig=x&se=1767225600", mine, good, "not for"},
		{"other hub", tokenV1, "fabrikam.azure-devices.net/devices/MyDevice01", good, "not for"},
		{"expired", tokenV1, mine, good.Add(time.Second), "expired at 2026-01-01T00:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := NewSASToken(secret.NewText(tt.token))
			if err != nil {
				t.Fatal(err)
			}
			got, expires, err := c.Token(tt.resource, tt.now, time.Hour)
			checkError(t, err, tt.want, "sig=")
			if err == nil && got.Reveal() != tt.token {
				t.Errorf("token changed: %s", got.Reveal())
			}
			if at, ok := Expiry(c); !ok || !at.Equal(expires) || at.Unix() != 1767225600 {
				t.Errorf("expiry %v, %v", at, ok)
			}
		})
	}
}

func TestNewSASTokenRefuses(t *testing.T) {
	for _, token := range []string{
		"", "SharedAccessSignature", "sr=a&sig=hidden&se=1", "SharedAccessSignature sr=a&sig=hidden", "SharedAccessSignature sr=a&se=5",
		"SharedAccessSignature sig=hidden&se=5", "SharedAccessSignature sr=a&sig=hidden&se=soon", "SharedAccessSignature sr=a&sig=hidden&se=-1",
		"SharedAccessSignature sr=a &sig=hidden&se=5", "Bearer sr=a&sig=hidden&se=5",
	} {
		_, err := NewSASToken(secret.NewText(token))
		checkError(t, err, "not a SAS token", "hidden")
	}
	if _, err := NewSASToken(secret.NewText("SharedAccessSignature se=5&SIG=x&sr=a\n")); err != nil {
		t.Errorf("other order: %v", err)
	}
}

func TestParseConnectionString(t *testing.T) {
	const base = "HostName=contoso.azure-devices.net;DeviceId=lora1;"
	tests := []struct{ name, text, want string }{
		{"key", base + "SharedAccessKey=" + keyV1, ""},
		{"trailing ;", base + "SharedAccessKey=" + keyV1 + ";\n", ""},
		{"token", base + "SharedAccessSignature=" + tokenV1, ""},
		{"both", base + "SharedAccessKey=" + keyV1 + ";SharedAccessSignature=" + tokenV1, "not both"},
		{"neither", base, "SharedAccessKey or"},
		{"empty", "", "HostName and DeviceId"},
		{"no device", "HostName=h;SharedAccessKey=" + keyV1, "HostName and DeviceId"},
		{"policy", "HostName=h;SharedAccessKeyName=iothubowner;SharedAccessKey=" + keyV1, "policies"},
		{"module", base + "ModuleId=m;SharedAccessKey=" + keyV1, "module identities"},
		{"x509", base + "x509=true", "certificates"},
		{"edge", base + "GatewayHostName=edge;SharedAccessKey=" + keyV1, "GatewayHostName"},
		{"case", "hostname=h;DeviceId=d", "unknown name"},
		{"twice", base + "DeviceId=d", "DeviceId is given twice"},
		{"port", "HostName=h:8883;DeviceId=d;SharedAccessKey=" + keyV1, "no port"},
		{"bad id", "HostName=h;DeviceId=a/b;SharedAccessKey=" + keyV1, "DeviceId is not a device id"},
		{"comma after the host", "HostName=h.net,SharedAccessKey=" + keyV1 + ";DeviceId=d", "';' between the parts"},
		{"comma after the id", "HostName=h.net;DeviceId=d,SharedAccessKey=" + keyV1, "';' between the parts"},
		{"key for a host", "HostName=" + keyV1 + ";DeviceId=d", "HostName is not a host name"},
		{"bad host", "HostName=a b;DeviceId=d;SharedAccessKey=" + keyV1, "HostName is not a host name"},
		{"bad key", base + "SharedAccessKey=AAAA", "3 bytes"},
		{"key alone", keyV1, "name"},
		{"no pairs", "secretsecret", "name=value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseConnectionString(secret.NewText(tt.text))
			checkError(t, err, tt.want, keyV1[:20])
			if err == nil && (got.Host != testHost || got.DeviceID != "lora1" || got.Credential == nil) {
				t.Errorf("got %v", got)
			}
			if err != nil && got != (ConnectionString{}) {
				t.Errorf("an error and %v", got)
			}
		})
	}
}

// A reload compares credentials.
func TestCredentialsCompare(t *testing.T) {
	key := func(s string) Credential {
		c, err := NewDeviceKey(secret.NewText(s))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	token := func(s string) Credential {
		c, err := NewSASToken(secret.NewText(s))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if key(keyV1) != key(keyV1) || token(tokenV1) != token(tokenV1) {
		t.Error("equal credentials differ")
	}
	if key(keyV1) == key(encode(32)) || token(tokenV1) == token(tokenV1b) || key(keyV1) == token(tokenV1) {
		t.Error("different credentials are equal")
	}
}

func TestCredentialsNeverPrint(t *testing.T) {
	type hidden struct{ credential Credential } // fmt does not call methods through unexported fields
	c, err := ParseConnectionString(secret.NewText("HostName=h;DeviceId=d;SharedAccessKey=" + keyV1))
	if err != nil {
		t.Fatal(err)
	}
	token, err := NewSASToken(secret.NewText(tokenV1))
	if err != nil {
		t.Fatal(err)
	}
	raw := string(decode(t, keyV1))
	for _, v := range []any{c, &c, c.Credential, token, hidden{c.Credential}, &hidden{token}, Device{Credential: token}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text = append(text, fmt.Sprintf(format, v)...)
		}
		for _, bad := range []string{keyV1[:12], raw[:8], fmt.Sprintf("%x", raw[:8]), "sig=", "Pkc"} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%T prints its secret", v)
			}
		}
	}
}

func FuzzNewSASToken(f *testing.F) {
	f.Add(tokenV1)
	f.Add(tokenV3)
	f.Add("SharedAccessSignature sr=%zz&sig=&se=99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := NewSASToken(secret.NewText(text))
		if err != nil {
			return
		}
		if _, expires, _ := c.Token("h/devices/d", time.Unix(0, 0), 0); expires.Unix() <= 0 {
			t.Errorf("accepted with expiry %v", expires)
		}
	})
}

func FuzzParseConnectionString(f *testing.F) {
	f.Add("HostName=h;DeviceId=d;SharedAccessKey=" + keyV1)
	f.Add("HostName=;=;x")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseConnectionString(secret.NewText(text))
		if err == nil && (CheckDeviceID(c.DeviceID) != nil || c.Credential == nil) {
			t.Errorf("accepted %v", c)
		}
	})
}

// checkError wants an error with text want, or none if that is empty, and
// never one that quotes hidden.
func checkError(t *testing.T, err error, want, hidden string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("unexpected error: %v", err)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
	if err != nil && len(hidden) > 3 && strings.Contains(err.Error(), hidden) {
		t.Errorf("error quotes the secret: %v", err)
	}
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
