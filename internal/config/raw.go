package config

import "gatewayd/internal/clock"

// The raw structs mirror the file. The toml tag is the key; a pointer is nil
// where the file says nothing and the default depends on other keys.

// duration is a time span with its unit, such as "30s" or "7d".
type duration string

// size is a number of bytes: an integer, or text with a unit.
type size any

type rawConfig struct {
	StateDir     string            `toml:"state_dir"`
	NodesFile    string            `toml:"nodes_file"`
	Log          rawLog            `toml:"log"`
	Clock        rawClock          `toml:"clock"`
	Hub          rawHub            `toml:"hub"`
	LoRaWAN      rawLoRaWAN        `toml:"lorawan"`
	Outbox       rawOutbox         `toml:"outbox"`
	Concentrator []rawConcentrator `toml:"concentrator"`
	Node         []rawNode         `toml:"node"`
}

type rawLog struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

type rawClock struct {
	RequireSync string `toml:"require_sync"`
}

type rawHub struct {
	Host           string   `toml:"host"`
	CAFile         string   `toml:"ca_file"`
	SASTTL         duration `toml:"sas_ttl"`
	KeepAlive      duration `toml:"keep_alive"`
	PubackTimeout  duration `toml:"puback_timeout"`
	ConnectTimeout duration `toml:"connect_timeout"`
	ConnectRate    float64  `toml:"connect_rate"`
	ConnectBurst   int64    `toml:"connect_burst"`
	APIVersion     string   `toml:"api_version"`
}

type rawLoRaWAN struct {
	NetID string `toml:"net_id"`
}

type rawOutbox struct {
	MaxBytes size     `toml:"max_bytes"`
	MaxAge   duration `toml:"max_age"`
}

type rawConcentrator struct {
	Type           string            `toml:"type"`
	Name           *string           `toml:"name"`
	Port           string            `toml:"port"`
	Region         string            `toml:"region"`
	SubBand        int64             `toml:"sub_band"`
	FirmwareDir    string            `toml:"firmware_dir"`
	FirmwareSHA256 rawFirmwareSHA256 `toml:"firmware_sha256"`
	GatewayEUI     string            `toml:"gateway_eui"`
	PollInterval   duration          `toml:"poll_interval"`
	AntennaGain    float64           `toml:"antenna_gain"`
	LoRaWANPublic  bool              `toml:"lorawan_public"`
	ClockSource    *int64            `toml:"clock_source"`
	RSSIOffset     *float64          `toml:"rssi_offset"`
	Radio          []rawRadio        `toml:"radio"`
	Channel        []rawChannel      `toml:"channel"`
	LoRaStd        rawLoRaStd        `toml:"lora_std"`
	FSK            rawFSK            `toml:"fsk"`
	TxGain         []rawTxGain       `toml:"tx_gain"`
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

type rawNode struct {
	Name             *string `toml:"name"`
	DeviceID         string  `toml:"device_id"`
	DeviceKey        string  `toml:"device_key"`
	ConnectionString string  `toml:"connection_string"`
	SASToken         string  `toml:"sas_token"`
	DevAddr          string  `toml:"dev_addr"`
	NwkSKey          string  `toml:"nwk_s_key"`
	AppSKey          string  `toml:"app_s_key"`
	DevEUI           string  `toml:"dev_eui"`
	JoinEUI          string  `toml:"join_eui"`
	AppKey           string  `toml:"app_key"`
}

// defaults is what the file is decoded over.
func defaults() rawConfig {
	return rawConfig{
		Log:   rawLog{Level: "info", Format: "auto"},
		Clock: rawClock{RequireSync: string(clock.SyncAuto)},
		Hub: rawHub{
			SASTTL:         "1h",
			KeepAlive:      "230s",
			PubackTimeout:  "60s",
			ConnectTimeout: "30s",
			ConnectRate:    5,
			ConnectBurst:   10,
			APIVersion:     "2021-04-12",
		},
		LoRaWAN: rawLoRaWAN{NetID: "000000"},
		Outbox:  rawOutbox{MaxBytes: "64MiB", MaxAge: "7d"},
	}
}

// setDefaults prepares one [[concentrator]] for decoding.
func (c *rawConcentrator) setDefaults() {
	c.SubBand = 2
	c.PollInterval = "20ms"
	c.LoRaWANPublic = true
}

// setDefaults prepares one [[concentrator.channel]] for decoding.
func (c *rawChannel) setDefaults() { c.Enable = true }
