package config

import (
	"gatewayd/bridge/shape"
	"gatewayd/hub"
	"gatewayd/internal/clock"
)

// The raw structs mirror the file. The toml tag is the key; a pointer is nil
// where the file says nothing and the default depends on other keys. The keys
// of an embedded struct belong to the table around it.

// duration is a time span with its unit, such as "30s" or "7d".
type duration string

// secretText is a key or token, or where it is kept.
type secretText string

// size is a number of bytes: an integer, or text with a unit.
type size any

type rawConfig struct {
	StateDir      string            `toml:"state_dir"`
	NodesFile     string            `toml:"nodes_file"`
	ControlSocket string            `toml:"control_socket"`
	Format        string            `toml:"format"`
	Compat        string            `toml:"compat"`
	CompatKeys    bool              `toml:"compat_report_keys"`
	DecoderHosts  []string          `toml:"decoder_hosts"`
	Log           rawLog            `toml:"log"`
	Clock         rawClock          `toml:"clock"`
	Hub           rawHub            `toml:"hub"`
	OtherHub      []rawOtherHub     `toml:"other_hub"`
	DPS           rawDPS            `toml:"dps"`
	Gateway       rawGateway        `toml:"gateway"`
	LoRaWAN       rawLoRaWAN        `toml:"lorawan"`
	Outbox        rawOutbox         `toml:"outbox"`
	Status        rawStatus         `toml:"status"`
	Concentrator  []rawConcentrator `toml:"concentrator"`
	Profile       []rawProfile      `toml:"profile"`
	Node          []rawNode         `toml:"node"`
	Group         []rawGroup        `toml:"group"`
}

type rawLog struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

type rawClock struct {
	RequireSync string `toml:"require_sync"`
}

type rawLoRaWAN struct {
	NetID             string           `toml:"net_id"`
	SubBand           *int64           `toml:"sub_band"`
	Channels          []rawPlanChannel `toml:"channels"`
	Repeater          bool             `toml:"repeater"`
	UplinkDwell       bool             `toml:"uplink_dwell"`
	DownlinkDwell     bool             `toml:"downlink_dwell"`
	StatusInterval    duration         `toml:"status_interval"`
	DedupWindow       duration         `toml:"dedup_window"`
	ProprietaryDevice string           `toml:"proprietary_device"`
	rawWindows
	rawADR
}

type rawPlanChannel struct {
	Frequency int64  `toml:"frequency"`
	MinDR     *int64 `toml:"min_dr"`
	MaxDR     *int64 `toml:"max_dr"`
}

// rawWindows are the receive windows of all nodes or of one.
type rawWindows struct {
	RXDelay      *int64 `toml:"rx_delay"`
	RX1DROffset  *int64 `toml:"rx1_dr_offset"`
	RX2DataRate  *int64 `toml:"rx2_data_rate"`
	RX2Frequency *int64 `toml:"rx2_frequency"`
}

// rawADR is the adaptive data rate of all nodes or of one.
type rawADR struct {
	ADR         *string  `toml:"adr"`
	MinDataRate *int64   `toml:"min_data_rate"`
	MaxDataRate *int64   `toml:"max_data_rate"`
	MaxTXPower  *int64   `toml:"max_tx_power"`
	MinNbTrans  *int64   `toml:"min_nb_trans"`
	MaxNbTrans  *int64   `toml:"max_nb_trans"`
	ADRMargin   *float64 `toml:"adr_margin"`
}

type rawOutbox struct {
	MaxBytes    size     `toml:"max_bytes"`
	MaxAge      duration `toml:"max_age"`
	Durability  string   `toml:"durability"`
	SpoolWindow duration `toml:"spool_window"`
	Replay      string   `toml:"replay"`
}

// defaults is what the file is decoded over.
func defaults() rawConfig {
	return rawConfig{
		Format: string(shape.V2), Compat: compatNone,
		Log:   rawLog{Level: "info", Format: "auto"},
		Clock: rawClock{RequireSync: string(clock.SyncAuto)},
		Hub: rawHub{
			rawEndpoint: rawEndpoint{
				Units: 1, Transport: transportMQTT, Quota: string(hub.QuotaHold), ConnectBurst: 10, APIVersion: "2021-04-12",
			},
			SASTTL:         "1h",
			KeepAlive:      "230s",
			PubackTimeout:  "60s",
			ConnectTimeout: "30s",
			MethodTimeout:  "25s",
		},
		DPS:     rawDPS{Host: hub.GlobalProvisioningHost},
		Status:  rawStatus{Listen: "127.0.0.1:8380"},
		Gateway: rawGateway{StatsInterval: "5m"},
		LoRaWAN: rawLoRaWAN{NetID: "000000", StatusInterval: "1d", DedupWindow: "200ms"},
		Outbox: rawOutbox{
			MaxBytes: "64MiB", MaxAge: "7d", Durability: durabilityStrict, SpoolWindow: "5s", Replay: string(hub.ReplayInOrder),
		},
	}
}
