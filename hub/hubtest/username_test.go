package hubtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseUsername(t *testing.T) {
	const host = "contoso.azure-devices.net"
	none := map[string]string{}
	for _, test := range []struct {
		in   string
		want login
	}{
		{host + "/lora1", login{host, "lora1", "", none}},
		{host + "/lora1/", login{host, "lora1", "", none}},
		{host + "/lora1/?api-version=2018-06-30", login{host, "lora1", "", map[string]string{"api-version": "2018-06-30"}}},
		{host + "/lora1/api-version=2020-09-30", login{host, "lora1", "", map[string]string{"api-version": "2020-09-30"}}},
		{
			host + "/lora1/?api-version=2021-04-12&DeviceClientType=gatewayd%2F0.1.0%20%28linux%3B%20arm64%29",
			login{host, "lora1", "", map[string]string{"api-version": "2021-04-12", "DeviceClientType": "gatewayd/0.1.0 (linux; arm64)"}},
		},
		{
			host + "/lora1/?model-id=dtmi%3Acom%3Aexample%3AS%3B1&api-version=a&api-version=b",
			login{host, "lora1", "", map[string]string{"model-id": "dtmi:com:example:S;1", "api-version": "a"}},
		},
		{host + "/lora1/m1/?api-version=x", login{host, "lora1", "m1", map[string]string{"api-version": "x"}}},
		{host + "/a%2Fb", login{host, "a%2Fb", "", none}},
	} {
		got, err := parseUsername(test.in)
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(login{})); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got)\n%s", test.in, err, diff)
		}
	}
}

func TestParseUsernameRefuses(t *testing.T) {
	for _, in := range []string{
		"", "lora1", "contoso.azure-devices.net/", "/lora1", "h/d//?api-version=1", "h/d/m/x/?api-version=1",
		"h/d/?api-version", "h/d/?api-version=1&", "h/d/?=1", "h/d/?api-version=%zz",
	} {
		if got, err := parseUsername(in); err == nil {
			t.Errorf("%q: accepted as %+v", in, got)
		}
	}
}

func FuzzParseUsername(f *testing.F) {
	f.Add("contoso.azure-devices.net/lora1/?api-version=2021-04-12&DeviceClientType=x")
	f.Add("h/d/m/?a=%")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := parseUsername(s)
		if err == nil && (l.host == "" || l.device == "") {
			t.Errorf("%q: accepted as %+v", s, l)
		}
	})
}
