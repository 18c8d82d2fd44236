package config

import "gatewayd/radio/concentratord"

type rawConcentrator struct {
	Type           string            `toml:"type"`
	Name           *string           `toml:"name"`
	Port           string            `toml:"port"`
	Region         string            `toml:"region"`
	SubBand        *int64            `toml:"sub_band"`
	FirmwareDir    string            `toml:"firmware_dir"`
	FirmwareSHA256 rawFirmwareSHA256 `toml:"firmware_sha256"`
	GatewayEUI     string            `toml:"gateway_eui"`
	PollInterval   duration          `toml:"poll_interval"`
	AntennaGain    float64           `toml:"antenna_gain"`
	LoRaWANPublic  bool              `toml:"lorawan_public"`
	ClockSource    *int64            `toml:"clock_source"`
	RSSIOffset     *float64          `toml:"rssi_offset"`
	BoardFile      string            `toml:"board_file"`
	Radio          []rawRadio        `toml:"radio"`
	Channel        []rawChannel      `toml:"channel"`
	LoRaStd        rawLoRaStd        `toml:"lora_std"`
	FSK            rawFSK            `toml:"fsk"`
	TxGain         []rawTxGain       `toml:"tx_gain"`

	Listen          string     `toml:"listen"`           // semtech-udp, basicstation
	AllowedGateways []string   `toml:"allowed_gateways"` // semtech-udp, basicstation
	TLSCert         string     `toml:"tls_cert"`         // basicstation
	TLSKey          string     `toml:"tls_key"`          // basicstation
	ClientCA        string     `toml:"client_ca"`        // basicstation
	Token           secretText `toml:"token"`            // basicstation
	EventURL        string     `toml:"event_url"`        // concentratord
	CommandURL      string     `toml:"command_url"`      // concentratord
	Frequency       int64      `toml:"frequency"`        // modems
	DataRate        int64      `toml:"data_rate"`        // modems
}

type rawFirmwareSHA256 struct {
	AGC      string `toml:"agc"`
	ARB      string `toml:"arb"`
	Cal      string `toml:"cal"`
	Cal5to12 string `toml:"cal5_12"`
}

type rawRadio struct {
	Enable     *bool    `toml:"enable"`
	Frequency  *int64   `toml:"frequency"`
	Type       *string  `toml:"type"`
	RSSIOffset *float64 `toml:"rssi_offset"`
	Tx         *bool    `toml:"tx"`
	TxMin      *int64   `toml:"tx_min"`
	TxMax      *int64   `toml:"tx_max"`
}

type rawChannel struct {
	Enable bool  `toml:"enable"`
	Radio  int64 `toml:"radio"`
	IF     int64 `toml:"if"`
}

type rawLoRaStd struct {
	Enable          *bool  `toml:"enable"`
	Radio           *int64 `toml:"radio"`
	IF              *int64 `toml:"if"`
	Bandwidth       *int64 `toml:"bandwidth"`
	SpreadingFactor *int64 `toml:"spreading_factor"`
}

type rawFSK struct {
	Enable    *bool  `toml:"enable"`
	Radio     *int64 `toml:"radio"`
	IF        *int64 `toml:"if"`
	Bandwidth *int64 `toml:"bandwidth"`
	BitRate   *int64 `toml:"bit_rate"`
}

type rawTxGain struct {
	Power   int64 `toml:"power"`
	PA      int64 `toml:"pa"`
	Mix     int64 `toml:"mix"`
	Digital int64 `toml:"digital"`
}

// setDefaults prepares one [[concentrator]] for decoding.
func (c *rawConcentrator) setDefaults() {
	c.PollInterval = "20ms"
	c.LoRaWANPublic = true
	c.EventURL = concentratord.DefaultEventURL
	c.CommandURL = concentratord.DefaultCommandURL
}

// setDefaults prepares one [[concentrator.channel]] for decoding.
func (c *rawChannel) setDefaults() { c.Enable = true }
