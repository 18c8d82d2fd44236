package config

import (
	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
)

// rawNodesFile is a nodes_file.
type rawNodesFile struct {
	Node  []rawNode  `toml:"node"`
	Group []rawGroup `toml:"group"`
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
	sessions                  map[abpSession]Position
	nodeAddrs, groupAddrs     map[lorawan.DevAddr]Position
}

func (v validator) nodes(raw *rawConfig, host string, net *network) ([]Node, []Group) {
	u := used{
		map[string]Position{},
		map[string]Position{},
		map[string]Position{},
		map[abpSession]Position{},
		map[lorawan.DevAddr]Position{},
		map[lorawan.DevAddr]Position{},
	}
	nodes := validateNodes(v.top, raw.Node, host, net, u)
	list := groups(v.top, raw.Group, host, net, u)
	v.warnReadable(v.main, len(nodes)+len(list) > 0)
	if raw.NodesFile != "" {
		moreNodes, moreGroups := v.nodesFile(raw.NodesFile, host, net, u)
		nodes, list = append(nodes, moreNodes...), append(list, moreGroups...)
	}
	if len(nodes) == 0 {
		v.top.warn("node", "no node; every uplink will be dropped as unknown, so add [[node]] tables")
	}
	return nodes, list
}

func (v validator) nodesFile(file, host string, net *network, u used) ([]Node, []Group) {
	src, err := v.env.read(v.path(file))
	if err != nil {
		v.top.fail("nodes_file", "%v; name a file of [[node]] tables, or leave it empty", err)
		return nil, nil
	}
	if src.name == v.main.name {
		v.top.fail("nodes_file", "is this file itself; leave it empty, nodes may stand here")
		return nil, nil
	}
	var raw rawNodesFile
	doc, ok := parse(src, &raw, v.top.doc.report)
	if !ok {
		return nil, nil
	}
	v.warnReadable(src, len(raw.Node)+len(raw.Group) > 0)
	top := section{doc: doc}
	return validateNodes(top, raw.Node, host, net, u), groups(top, raw.Group, host, net, u)
}

func validateNodes(top section, raw []rawNode, host string, net *network, u used) []Node {
	nodes := make([]Node, len(raw))
	for i := range raw {
		s := top.item("node", i)
		nodes[i] = node(s, &raw[i], host, net)
		nodes[i].unique(s, u)
		warnKeys(s, &raw[i])
	}
	return nodes
}

func node(s section, raw *rawNode, host string, net *network) Node {
	id := readIdentity(s, raw.rawIdentity, host)
	n := Node{Name: id.name, DeviceID: id.deviceID, Credential: id.credential, Position: s.position("")}
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
	own := n.DeviceID == "" || unique(s, u.deviceIDs, "device_id", n.DeviceID, "every node needs its own device")
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
