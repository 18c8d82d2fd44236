package hubtest

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

// The keys of published and computed test vectors: none opens anything.
const (
	keyV1 = "R5CpMrUKEM4sK2xJLRATRm/TaBf4yAm2AWLzkwXQSr4="
	keyV2 = "6wNtxIK3v+F7OSKzyRiNR9KbvxRdjG0+xZejviE7TMk="
	keyV3 = "x98GiASi9g3nmmuEjHNvueiCuPNdnMhGSBapbSJvRgk="
	keyV4 = "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA=="

	tokenV1  = "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2FMyDevice01&sig=Pkc%2Fo02dqdnXP30btE9LPV8g%2BDXI6X1%2B5ooB7lAOyt4%3D&se=1767225600"
	tokenV1b = "SharedAccessSignature sr=contoso.azure-devices.net%2fdevices%2fMyDevice01&sig=2Til8O4uXChgQ%2Fqp757E%2BndgQwCvNp5mRCBQUs0bVEc%3D&se=1767225600"
	tokenV1c = "SharedAccessSignature sr=contoso.azure-devices.net/devices/MyDevice01&sig=p9s8c47ItbCLF2xXgQWoylGnsPpkQz8p8dnKF%2FZHPOI%3D&se=1767225600"
	tokenV2  = "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2Flora-a81758fffe03abcd&sig=nZH4HcWsu2kGojwuZBJdgw%2BXR%2FDnrUU0YpTCsnUa3Co%3D&se=1767225600"
	tokenV3  = "SharedAccessSignature sr=contoso.azure-devices.net&sig=R7x9D6hjzd%2B8%2F%2FKu6HnpkHMEyGu89i8QQxuu%2F9PB%2Fj8%3D&skn=iothubowner&se=1767225600"
	tokenV4  = "SharedAccessSignature sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026"
	tokenV5  = "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2FMyDevice01%2Fmodules%2Fm1&sig=GnKmXu%2BGOWzqAviIITNVUo9mxQjpkdphIpunheyGBPs%3D&se=1767225600"
	tokenV6  = "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2Fdev%3A01.a_b&sig=%2FkiD9nqqqtDI%2FbYHBNNrQzPaWigrAdYzboG%2BSo2tsMg%3D&se=1767225600"
	tokenV7  = "SharedAccessSignature sr=test.azure-devices.net&sig=uux4PSAK1s9efNcBHin0pm7O5oENedTWkhqGp8JAyFY%3D&se=1546308061"
)

func decodeKey(t testing.TB, key string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCheckSAS(t *testing.T) {
	const host, device, se = "contoso.azure-devices.net", "MyDevice01", 1767225600
	for _, test := range []struct {
		name, token, host, device, key string
		now                            int64
		want                           Reason
	}{
		{"V1", tokenV1, host, device, keyV1, se - 1, ""},
		{"V1b lower-case escapes", tokenV1b, host, device, keyV1, se - 1, ""},
		{"V1c raw slashes", tokenV1c, host, device, keyV1, se - 1, ""},
		{"V2", tokenV2, host, "lora-a81758fffe03abcd", keyV2, se - 1, ""},
		{"V3 hub policy", tokenV3, host, device, keyV3, se - 1, ReasonUnknownPolicy},
		{"V4 mixed-case host", tokenV4, "MyExampleHub.azure-devices.net", "my-symkey-device", keyV4, 1663119025, ""},
		{"V4 host in another case", tokenV4, "myexamplehub.azure-devices.net", "my-symkey-device", keyV4, 1663119025, ""},
		{"V5 a module's token", tokenV5, host, device, keyV1, se - 1, ReasonForeignToken},
		{"V6 colon and dot", tokenV6, host, "dev:01.a_b", keyV1, se - 1, ""},
		{"V7 scope is the hub", tokenV7, "test.azure-devices.net", "any", "c2VjcmV0", 1546308060, ""},

		{"grace", tokenV1, host, device, keyV1, se + 299, ""},
		{"after grace", tokenV1, host, device, keyV1, se + 300, ReasonExpiredToken},
		{"wrong key", tokenV1, host, device, keyV2, se - 1, ReasonBadSignature},
		{"wrong key and expired", tokenV1, host, device, keyV2, se + 999, ReasonBadSignature},
		{"escapes changed after signing", strings.ReplaceAll(tokenV1, "%2Fdevices", "%2fdevices"), host, device, keyV1, se - 1, ReasonBadSignature},
		{"expiry changed after signing", strings.Replace(tokenV1, "se=1767225600", "se=1767225601", 1), host, device, keyV1, se - 1, ReasonBadSignature},
		{"raw plus in sig", strings.ReplaceAll(tokenV1, "%2B", "+"), host, device, keyV1, se - 1, ReasonBadSignature},
		{"another device", tokenV1, host, "MyDevice02", keyV1, se - 1, ReasonForeignToken},
		{"id in another case", tokenV1, host, "mydevice01", keyV1, se - 1, ReasonForeignToken},
		{"id is a prefix", tokenV1, host, "MyDevice011", keyV1, se - 1, ReasonForeignToken},
		{"another hub", tokenV1, "fabrikam.azure-devices.net", device, keyV1, se - 1, ReasonForeignToken},
		{"empty", "", host, device, keyV1, se, ReasonMissingToken},
		{"one word", "SharedAccessSignature", host, device, keyV1, se, ReasonMalformedToken},
		{"another scheme", strings.Replace(tokenV1, "SharedAccess", "Shared", 1), host, device, keyV1, se, ReasonMalformedToken},
		{"field twice", tokenV1 + "&se=1767225600", host, device, keyV1, se, ReasonMalformedToken},
		{"no expiry", strings.TrimSuffix(tokenV1, "&se=1767225600"), host, device, keyV1, se, ReasonMalformedToken},
		{"negative expiry", strings.Replace(tokenV1, "se=", "se=-", 1), host, device, keyV1, se, ReasonMalformedToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			keys := [][]byte{[]byte("primary that signed nothing"), decodeKey(t, test.key)}
			c := sasCheck{
				resource: []string{test.host, "devices", test.device}, keys: keys,
				now: time.Unix(test.now, 0), grace: 300 * time.Second,
			}
			_, got := c.check(test.token)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSASFieldOrderAndCase(t *testing.T) {
	_, rest, _ := strings.Cut(tokenV1, " ")
	fields := strings.Split(rest, "&")
	token := "SharedAccessSignature " + strings.ToUpper(fields[2][:2]) + fields[2][2:] + "&" + fields[1] + "&" + fields[0]
	c := sasCheck{resource: []string{"contoso.azure-devices.net", "devices", "MyDevice01"}, keys: [][]byte{decodeKey(t, keyV1)}, now: time.Unix(0, 0)}
	parsed, why := c.check(token)
	if why != "" || parsed.expires.Unix() != 1767225600 {
		t.Errorf("expires %v, refused for %q", parsed.expires.Unix(), why)
	}
}

func TestSASPolicySignature(t *testing.T) {
	token, ok := parseSAS(tokenV3)
	if !ok || token.policy != "iothubowner" || !token.signedBy([][]byte{decodeKey(t, keyV3)}) {
		t.Errorf("policy %q, parsed %v: the vector's signature does not verify", token.policy, ok)
	}
}

func FuzzParseSAS(f *testing.F) {
	for _, seed := range []string{tokenV1, tokenV3, "SharedAccessSignature sr=%&sig=&se=99999999999999999999", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token, ok := parseSAS(s)
		if ok && (token.resource == "" || token.expires.Before(time.Unix(0, 0)) || token.expires.Year() > 9999+1) {
			t.Errorf("accepted %q as %v", s, token.expires)
		}
	})
}
