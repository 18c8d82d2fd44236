package roster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"gatewayd/hub"
	"gatewayd/internal/config"
	"gatewayd/internal/secret"
)

// Node is one [[node]] table by its keys. Values are string, int64, float64,
// bool, []int64 or map[string]string. It holds secrets, so it prints nothing
// but its name.
type Node map[string]any

// Format prints which node it is, never its keys.
func (n Node) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[node %s]", n.Name()) }

// text is the value of a key that holds text; "" if there is none.
func (n Node) text(key string) string {
	s, _ := n[key].(string)
	return s
}

// Name is what people call the node: its name, else its device id, else what
// the network knows it by.
func (n Node) Name() string {
	for _, s := range []string{n.text("name"), n.DeviceID(), n.text("registration_id"), n.text("dev_eui"), n.text("dev_addr")} {
		if s != "" {
			return s
		}
	}
	return "without a name"
}

// DeviceID is the id of the node's device, as device_id or connection_string
// say; "" if that is left to the provisioning service.
func (n Node) DeviceID() string {
	if id := n.text("device_id"); id != "" {
		return id
	}
	if c, err := hub.ParseConnectionString(secret.NewText(n.text("connection_string"))); err == nil {
		return c.DeviceID
	}
	return ""
}

// HasCredential reports whether the node's device can prove who it is.
func (n Node) HasCredential() bool {
	return slices.ContainsFunc([]string{"device_key", "connection_string", "sas_token", "x509_cert"}, func(key string) bool { return n.text(key) != "" })
}

// identities are what only one node may have, as text that compares equal.
func (n Node) identities() []string {
	var list []string
	add := func(kind string, parts ...string) {
		if !slices.Contains(parts, "") {
			list = append(list, kind+" "+strings.Join(parts, " "))
		}
	}
	add("device_id", n.DeviceID())
	add("registration_id", strings.ToLower(n.text("registration_id")))
	add("dev_eui", strings.ToUpper(n.text("dev_eui")))
	add("dev_addr", strings.ToUpper(n.text("dev_addr")), strings.ToUpper(n.text("nwk_s_key")+n.text("f_nwk_s_int_key")))
	return list
}

// Differences are the keys that want has and have has not, or otherwise. What
// have keeps elsewhere is not looked at.
func Differences(have, want Node) []string {
	var differ []string
	for key, v := range want {
		if !same(key, have[key], v) {
			differ = append(differ, key)
		}
	}
	slices.Sort(differ)
	return differ
}

func same(key string, have, want any) bool {
	switch want := want.(type) {
	case string:
		text, _ := have.(string)
		return text == want || isHex(key) && strings.EqualFold(text, want) || config.IsReference(text) || key == "device_id" && text == ""
	case []int64:
		list, _ := have.([]int64)
		return slices.Equal(list, want)
	case map[string]string:
		table, _ := have.(map[string]string)
		return maps.Equal(table, want)
	}
	return have == want
}

// isHex reports whether a key of [[node]] holds hexadecimal digits.
func isHex(key string) bool {
	switch key {
	case "dev_eui", "join_eui", "dev_addr", "app_key", "nwk_key", "nwk_s_key", "app_s_key", "f_nwk_s_int_key", "s_nwk_s_int_key", "nwk_s_enc_key":
		return true
	}
	return false
}

// keys are those of [[node]], which never change; keys().byName finds one.
var keys = sync.OnceValue(func() nodeKeys {
	k := nodeKeys{list: config.NodeKeys(), byName: map[string]config.NodeKey{}}
	for _, key := range k.list {
		k.byName[key.Name] = key
	}
	return k
})

type nodeKeys struct {
	list   []config.NodeKey
	byName map[string]config.NodeKey
}

// Without is the node without its secrets. What says where a secret is kept is
// none.
func (n Node) Without() Node {
	open := Node{}
	for key, v := range n {
		if text, _ := v.(string); !keys().byName[key].Secret || config.IsReference(text) {
			open[key] = v
		}
	}
	return open
}
