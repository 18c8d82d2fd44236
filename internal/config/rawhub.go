package config

// rawEndpoint is what one hub has of its own.
type rawEndpoint struct {
	Host         string   `toml:"host"`
	CAFile       string   `toml:"ca_file"`
	Tier         string   `toml:"tier"`
	Units        int64    `toml:"units"`
	Transport    string   `toml:"transport"`
	Quota        string   `toml:"quota"`
	ConnectRate  *float64 `toml:"connect_rate"`
	ConnectBurst int64    `toml:"connect_burst"`
	APIVersion   string   `toml:"api_version"`
}

type rawHub struct {
	rawEndpoint
	SASTTL         duration   `toml:"sas_ttl"`
	KeepAlive      duration   `toml:"keep_alive"`
	PubackTimeout  duration   `toml:"puback_timeout"`
	ConnectTimeout duration   `toml:"connect_timeout"`
	MethodTimeout  duration   `toml:"method_timeout"`
	Proxy          secretText `toml:"proxy"`
}

type rawOtherHub struct {
	Name string `toml:"name"`
	rawEndpoint
}

// setDefaults prepares one [[other_hub]] for decoding. What [hub] says is laid
// under it later.
func (h *rawOtherHub) setDefaults() {
	h.Units, h.ConnectBurst = 1, 10
}

type rawDPS struct {
	IDScope  string     `toml:"id_scope"`
	Host     string     `toml:"host"`
	CAFile   string     `toml:"ca_file"`
	GroupKey secretText `toml:"group_key"`
	AllNodes bool       `toml:"all_nodes"`
}

type rawGateway struct {
	rawCredential
	StatsInterval duration `toml:"stats_interval"`
}
