package config

import (
	"gatewayd/bridge/codec"
	"gatewayd/hub"
)

// rawIdentity is a device of the hub, and what its messages are made with.
type rawIdentity struct {
	Name *string `toml:"name"`
	rawCredential
	rawConnection
	rawCodec
	rawFormat
}

// rawCredential is who a device is.
type rawCredential struct {
	DeviceID         string     `toml:"device_id"`
	DeviceKey        secretText `toml:"device_key"`
	ConnectionString secretText `toml:"connection_string"`
	SASToken         secretText `toml:"sas_token"`
	X509Cert         string     `toml:"x509_cert"`
	X509Key          string     `toml:"x509_key"`
	Hub              string     `toml:"hub"`
	Provisioning     string     `toml:"provisioning"`
	RegistrationID   string     `toml:"registration_id"`
}

// rawConnection is how a device is connected.
type rawConnection struct {
	Policy     string    `toml:"policy"`
	Linger     *duration `toml:"linger"`
	ModelID    string    `toml:"model_id"`
	KeepAlive  *duration `toml:"keep_alive"`
	APIVersion *string   `toml:"api_version"`
}

// rawFormat is how messages are written.
type rawFormat struct {
	Format   string `toml:"format"`
	Template string `toml:"template"`
	Compress string `toml:"compress"`
}

// rawCodec is how payloads become values.
type rawCodec struct {
	Codec     string            `toml:"codec"`
	Variables map[string]string `toml:"codec_variables"`
}

// setDefaults prepares what nodes and groups share.
func (i *rawIdentity) setDefaults() {
	i.Policy, i.Codec, i.Compress = string(hub.PolicyPersistent), codec.None, compressNone
}

type rawNode struct {
	rawIdentity
	rawKeys
	Profile string `toml:"profile"`
	rawSettings
}

// rawSettings are what a node is served with, but for its codec and
// connection.
type rawSettings struct {
	Version  string `toml:"version"`
	Class    string `toml:"class"`
	Counters string `toml:"counters"`

	FPorts         []int64  `toml:"f_ports"`
	ReportInterval duration `toml:"report_interval"`

	rawWindows
	rawFactory
	rawADR
	DataRate *int64 `toml:"data_rate"`
	TXPower  *int64 `toml:"tx_power"`
	NbTrans  *int64 `toml:"nb_trans"`

	DutyCycle      int64     `toml:"duty_cycle"`
	StatusInterval *duration `toml:"status_interval"`
	RejoinTime     *int64    `toml:"rejoin_time"`
	RejoinCount    *int64    `toml:"rejoin_count"`
	rawDownlink
}

// rawKeys are what a node is activated with.
type rawKeys struct {
	DevEUI  string     `toml:"dev_eui"`
	JoinEUI string     `toml:"join_eui"`
	AppKey  secretText `toml:"app_key"`
	NwkKey  secretText `toml:"nwk_key"`

	DevAddr     string     `toml:"dev_addr"`
	NwkSKey     secretText `toml:"nwk_s_key"`
	FNwkSIntKey secretText `toml:"f_nwk_s_int_key"`
	SNwkSIntKey secretText `toml:"s_nwk_s_int_key"`
	NwkSEncKey  secretText `toml:"nwk_s_enc_key"`
	AppSKey     secretText `toml:"app_s_key"`
}

// rawFactory is what an ABP node was made with.
type rawFactory struct {
	FactoryRXDelay      *int64  `toml:"factory_rx_delay"`
	FactoryRX1DROffset  *int64  `toml:"factory_rx1_dr_offset"`
	FactoryRX2DataRate  *int64  `toml:"factory_rx2_data_rate"`
	FactoryRX2Frequency *int64  `toml:"factory_rx2_frequency"`
	FactoryChannels     []int64 `toml:"factory_channels"`
}

// rawDownlink is how downlinks reach a node.
type rawDownlink struct {
	Window            string   `toml:"downlink_window"`
	ConfirmedAttempts int64    `toml:"confirmed_attempts"`
	AckTimeout        duration `toml:"ack_timeout"`
	FlushOnJoin       bool     `toml:"flush_on_join"`
	rawQueue
}

// rawQueue is how downlinks wait, for a node or a group.
type rawQueue struct {
	Expiry duration `toml:"downlink_expiry"`
	Queue  int64    `toml:"downlink_queue"`
}

func defaultQueue() rawQueue { return rawQueue{Expiry: "1d", Queue: 50} }

// setDefaults prepares one [[node]] for decoding.
func (n *rawNode) setDefaults() {
	n.rawIdentity.setDefaults()
	n.rawSettings = defaultSettings()
}

func defaultSettings() rawSettings {
	return rawSettings{
		Version: "1.0.3", Class: "A", Counters: string(CountersStrict), ReportInterval: "1h",
		rawDownlink: rawDownlink{Window: "rx1", ConfirmedAttempts: 3, AckTimeout: "8s", rawQueue: defaultQueue()},
	}
}

type rawGroup struct {
	rawIdentity
	DevAddr   string     `toml:"dev_addr"`
	NwkSKey   secretText `toml:"nwk_s_key"`
	AppSKey   secretText `toml:"app_s_key"`
	Frequency *int64     `toml:"frequency"`
	DataRate  *int64     `toml:"data_rate"`
	FCnt      int64      `toml:"f_cnt"`
	rawQueue
}

// setDefaults prepares one [[group]] for decoding.
func (g *rawGroup) setDefaults() {
	g.rawIdentity.setDefaults()
	g.rawQueue = defaultQueue()
}
