package config

import (
	"gatewayd/bridge/codec"
	"gatewayd/bridge/shape"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
)

// rawNodesFile is a nodes_file.
type rawNodesFile struct {
	Profile []rawProfile `toml:"profile"`
	Node    []rawNode    `toml:"node"`
	Group   []rawGroup   `toml:"group"`
}

// abpSession is what tells the frames of ABP nodes apart.
type abpSession struct {
	devAddr lorawan.DevAddr
	nwkSKey secret.AES128
}

// used remembers, over all files, where that stands which only one node or
// group may have.
type used struct {
	names, deviceIDs, devEUIs map[string]Position
	registrations             map[string]Position // in lower case
	sessions                  map[abpSession]Position
	nodeAddrs, groupAddrs     map[lorawan.DevAddr]Position
}

func newUsed() used {
	return used{
		map[string]Position{},
		map[string]Position{},
		map[string]Position{},
		map[string]Position{},
		map[abpSession]Position{},
		map[lorawan.DevAddr]Position{},
		map[lorawan.DevAddr]Position{},
	}
}

func (v validator) nodes(raw *rawConfig, a azure, net *network, u used) ([]Node, []Group) {
	v.known.check(v.top, raw.Profile, a, net)
	nodes := validateNodes(v.top, raw.Node, a, net, u)
	list := groups(v.top, raw.Group, a, net, u)
	moreNodes, moreGroups := v.more.nodes(v, a, net, u)
	nodes, list = append(nodes, moreNodes...), append(list, moreGroups...)
	if len(nodes) == 0 {
		v.top.warn("node", "no node; every uplink will be dropped as unknown, so add [[node]] tables")
	}
	return nodes, list
}

func validateNodes(top section, raw []rawNode, a azure, net *network, u used) []Node {
	nodes := make([]Node, len(raw))
	for i := range raw {
		s := top.item("node", i)
		nodes[i] = node(s, &raw[i], a, net)
		nodes[i].unique(s, u)
		warnKeys(s, &raw[i])
	}
	return nodes
}

func node(s section, raw *rawNode, a azure, net *network) Node {
	n := Node{
		Identity: a.identity(s, raw.rawCredential, raw.DevEUI), Connection: connection(s, raw.rawConnection), Position: s.position(""),
	}
	n.Name = s.nameOr(raw.Name, n.DeviceID)
	n.Profile = raw.Profile
	if !a.known.suits(s, raw.Profile, net) {
		return n // its other mistakes are consequences
	}
	n.Codec, n.CodecVariables = a.codec(s, raw.rawCodec), raw.Variables
	n.Format = a.formatOf(s, raw.rawFormat)
	if n.Format.Name == shape.Cayenne && !s.has("codec") {
		n.Codec = codec.CayenneLPP // its values are what the format is made of
	}
	n.settings(s, raw)
	if !n.versionOf(s, raw) {
		return n // what belongs to the other version cannot be said
	}
	n.activation(s, raw)
	if net.plan != nil {
		n.MAC = net.nodeMAC(s, raw, &n)
	}
	return n
}

// unique registers what only one node may have.
func (n *Node) unique(s section, u used) {
	own := n.Identity.unique(s, u)
	// Names come from device ids: a second message would say the same.
	if own && n.Name != "" {
		unique(s, u.names, "name", n.Name, "every node needs its own name")
	}
	if !n.DevEUI.IsZero() {
		unique(s, u.devEUIs, "dev_eui", n.DevEUI.String(), "every node has its own DevEUI")
	}
	if n.NwkSKey.IsZero() || !s.has("dev_addr") {
		return
	}
	if at, taken := u.groupAddrs[n.DevAddr]; taken {
		s.fail("dev_addr", "already used at %s; a multicast address belongs to one group and to no node", at)
	}
	u.nodeAddrs[n.DevAddr] = s.position("dev_addr")
	unique(s, u.sessions, "dev_addr", abpSession{n.DevAddr, n.NwkSKey},
		"the network session key is the same too, so their frames cannot be told apart: give one of them its own")
}
