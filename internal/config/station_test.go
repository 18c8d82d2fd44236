package config

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

func TestBasicStation(t *testing.T) {
	t.Parallel()
	path := write(t, 0o600, "gatewayd.toml", `
[hub]
host = "contoso.azure-devices.net"
[[concentrator]]
type = "basicstation"
region = "EU868"
listen = ":6090"
tls_cert = "cert.pem"
tls_key = "key.pem"
client_ca = "cert.pem"
token = "env:TOKEN"
allowed_gateways = ["B827EBFFFE010203"]
[[concentrator]]
type = "semtech-udp"
region = "EU868"
listen = ":6090"
allowed_gateways = ["B827EBFFFE010203"]
`+nodeA)
	dir := filepath.Dir(path)
	writePair(t, dir, "gateway.example.net", 0o600)
	c, err := Load(path, func(string) string { return "topsecret" })
	if err != nil {
		t.Fatal(err)
	}
	s := c.Concentrators[0]
	if s.Listen != ":6090" || s.TLSCert != dir+"/cert.pem" || s.TLSKey != dir+"/key.pem" || s.ClientCA != dir+"/cert.pem" ||
		s.Token.Reveal() != "topsecret" || len(s.AllowedGateways) != 1 || len(c.Warnings) != 0 {
		t.Errorf("got %+v, warnings %q", s, c.Warnings)
	}
	if err := s.Plan.Check(); err != nil || s.Plan.Region != "EU868" || len(s.Plan.Channels) != 3 {
		t.Errorf("plan %+v: %v", s.Plan, err)
	}
}

// TestStationPlan checks what stations are told of a region, against the
// Regional Parameters.
func TestStationPlan(t *testing.T) {
	t.Parallel()
	station := func(region string) lns.Plan {
		return mustCheck(t, `
[hub]
host = "contoso.azure-devices.net"
[[concentrator]]
type = "basicstation"
region = "`+region+`"
`).Concentrators[0].Plan
	}
	eu := lns.Plan{Region: "EU868", Lowest: 863_000_000, Highest: 869_999_999, MaxEIRP: 29}
	for i := range 6 {
		eu.DataRates[i].DataRate = radio.LoRaDataRate(uint8(12-i), 125_000)
	}
	eu.DataRates[6].DataRate, eu.DataRates[7].DataRate = radio.LoRaDataRate(7, 250_000), radio.FSKDataRate(50_000)
	for _, hz := range []uint32{868_100_000, 868_300_000, 868_500_000} {
		eu.Channels = append(eu.Channels, lns.Channel{Frequency: hz, MaxDR: 5})
	}
	us := lns.Plan{Region: "US915", Lowest: 902_000_000, Highest: 927_999_999, MaxEIRP: 30}
	for i := range 4 {
		us.DataRates[i].DataRate = radio.LoRaDataRate(uint8(10-i), 125_000)
	}
	us.DataRates[4].DataRate = radio.LoRaDataRate(8, 500_000)
	for i := range 6 {
		us.DataRates[8+i] = lns.DataRate{DataRate: radio.LoRaDataRate(uint8(12-i), 500_000), DownlinkOnly: true}
	}
	for i := range uint32(8) {
		us.Channels = append(us.Channels, lns.Channel{Frequency: 903_900_000 + i*200_000, MaxDR: 3})
	}
	us.Channels = append(us.Channels, lns.Channel{Frequency: 904_600_000, MinDR: 4, MaxDR: 4})
	for name, want := range map[string]lns.Plan{"EU868": eu, "US915": us} {
		if diff := cmp.Diff(want, station(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestModem(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, `
[hub]
host = "contoso.azure-devices.net"
[[concentrator]]
type = "lora-e5"
region = "US915"
port = "/dev/ttyUSB0"
frequency = 903900000
data_rate = 3
gateway_eui = "B827EBFFFE010203"
`+nodeA)
	m := c.Concentrators[0]
	if m.Name != "lora-e50" || m.Port != "/dev/ttyUSB0" || m.Frequency != 903_900_000 || m.DataRate != radio.LoRaDataRate(7, 125_000) ||
		m.GatewayEUI.String() != "B827EBFFFE010203" || len(c.Warnings) != 0 {
		t.Errorf("got %+v, warnings %q", m, c.Warnings)
	}
}
