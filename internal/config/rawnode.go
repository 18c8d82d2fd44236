package config

// rawIdentity is a device of the hub.
type rawIdentity struct {
	Name             *string `toml:"name"`
	DeviceID         string  `toml:"device_id"`
	DeviceKey        string  `toml:"device_key"`
	ConnectionString string  `toml:"connection_string"`
	SASToken         string  `toml:"sas_token"`
}

type rawNode struct {
	rawIdentity
	rawKeys
	Version  string `toml:"version"`
	Class    string `toml:"class"`
	Counters string `toml:"counters"`

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
	DevEUI  string `toml:"dev_eui"`
	JoinEUI string `toml:"join_eui"`
	AppKey  string `toml:"app_key"`
	NwkKey  string `toml:"nwk_key"`

	DevAddr     string `toml:"dev_addr"`
	NwkSKey     string `toml:"nwk_s_key"`
	FNwkSIntKey string `toml:"f_nwk_s_int_key"`
	SNwkSIntKey string `toml:"s_nwk_s_int_key"`
	NwkSEncKey  string `toml:"nwk_s_enc_key"`
	AppSKey     string `toml:"app_s_key"`
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
	Expiry            duration `toml:"downlink_expiry"`
	Queue             int64    `toml:"downlink_queue"`
	FlushOnJoin       bool     `toml:"flush_on_join"`
}

// setDefaults prepares one [[node]] for decoding.
func (n *rawNode) setDefaults() {
	n.Version, n.Class, n.Counters = "1.0.3", "A", string(CountersStrict)
	n.rawDownlink = rawDownlink{
		Window: "rx1", ConfirmedAttempts: 3, AckTimeout: "8s", Expiry: "1d", Queue: 50,
	}
}

type rawGroup struct {
	rawIdentity
	DevAddr   string `toml:"dev_addr"`
	NwkSKey   string `toml:"nwk_s_key"`
	AppSKey   string `toml:"app_s_key"`
	Frequency *int64 `toml:"frequency"`
	DataRate  *int64 `toml:"data_rate"`
	FCnt      int64  `toml:"f_cnt"`
}
