package hub

import (
	"strings"
	"testing"
)

func TestCheckDeviceID(t *testing.T) {
	for _, id := range []string{"a", "lora1", "lora-a81758fffe03abcd", "0.A_b:c-d", strings.Repeat("x", 128)} {
		if err := CheckDeviceID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"", "-a", ".a", "a/b", "a+b", "a#", "a b", "a%20", "$a", "é", "a\x00", strings.Repeat("x", 129)} {
		if err := CheckDeviceID(id); err == nil {
			t.Errorf("%q was accepted", id)
		}
	}
}

func TestParseHost(t *testing.T) {
	tests := []struct {
		in, host string
		port     uint16
	}{
		{"contoso.azure-devices.net", "contoso.azure-devices.net", 8883},
		{"contoso.azure-devices.net:443", "contoso.azure-devices.net", 443},
		{"localhost:18883", "localhost", 18883},
		{"127.0.0.1:1", "127.0.0.1", 1},
		{"", "", 0},
		{":8883", "", 0},
		{"h:", "", 0},
		{"h:0", "", 0},
		{"h:65536", "", 0},
		{"h:x", "", 0},
		{"[::1]:8883", "", 0},
		{"::1", "", 0},
		{"a b", "", 0},
		{"a/b", "", 0},
		{"a..b", "", 0},
		{"-a.b", "", 0},
		{"https://a", "", 0},
		{strings.Repeat("x", 64), "", 0},
	}
	for _, tt := range tests {
		host, port, err := ParseHost(tt.in)
		if host != tt.host || port != tt.port || (err != nil) != (tt.host == "") {
			t.Errorf("%q: got %q, %d, %v; want %q, %d", tt.in, host, port, err, tt.host, tt.port)
		}
	}
}
