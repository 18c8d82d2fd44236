package lns

import (
	"encoding/json"
	"errors"
	"fmt"

	"gatewayd/radio"
)

var errNoRouter = errors.New("says not which router it is")

// ParseDiscovery reads what a station sends to /router-info.
func ParseDiscovery(b []byte) (radio.EUI64, error) {
	var q struct {
		Router eui `json:"router"`
	}
	if err := json.Unmarshal(b, &q); err != nil {
		return radio.EUI64{}, fmt.Errorf("router-info: %w", err)
	}
	if !q.Router.set || q.Router.IsZero() {
		return radio.EUI64{}, fmt.Errorf("router-info: %w", errNoRouter)
	}
	return q.Router.EUI64, nil
}

// muxs is the identity of the one end-point there is.
const muxs = "muxs-::0"

// Discovery answers a station: it is to connect to uri, which must name its
// port and path even where they are the usual ones.
func Discovery(router radio.EUI64, uri string) []byte {
	return encode(struct {
		Router string `json:"router"`
		Muxs   string `json:"muxs"`
		URI    string `json:"uri"`
	}{FormatID6(router), muxs, uri})
}

// DiscoveryError turns a station away; its log shows why.
func DiscoveryError(router radio.EUI64, why string) []byte {
	return encode(struct {
		Router string `json:"router"`
		Error  string `json:"error"`
	}{FormatID6(router), why})
}

// encode cannot fail: the messages written here have strings, numbers and
// lists of them only.
func encode(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
