package config

import (
	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
)

// rawNodesFile is a nodes_file.
type rawNodesFile struct {
	Node []rawNode `toml:"node"`
}

// abpSession is what tells the frames of ABP nodes apart.
type abpSession struct {
	devAddr lorawan.DevAddr
	nwkSKey secret.AES128
}

// used remembers, over all files, where that stands which only one node may
// have.
type used struct {
	names, deviceIDs, devEUIs map[string]Position
	sessions                  map[abpSession]Position
}

func (v validator) nodes(raw *rawConfig, host string) []Node {
	u := used{map[string]Position{}, map[string]Position{}, map[string]Position{}, map[abpSession]Position{}}
	list := validateNodes(v.top, raw.Node, host, u)
	v.warnReadable(v.main, len(raw.Node) > 0)
	if raw.NodesFile != "" {
		list = append(list, v.nodesFile(raw.NodesFile, host, u)...)
	}
	if len(list) == 0 {
		v.top.warn("node", "no node; every uplink will be dropped as unknown, so add [[node]] tables")
	}
	return list
}

func (v validator) nodesFile(file, host string, u used) []Node {
	src, err := v.env.read(v.path(file))
	if err != nil {
		v.top.fail("nodes_file", "%v; name a file of [[node]] tables, or leave it empty", err)
		return nil
	}
	if src.name == v.main.name {
		v.top.fail("nodes_file", "is this file itself; leave it empty, nodes may stand here")
		return nil
	}
	var raw rawNodesFile
	doc, ok := parse(src, &raw, v.top.doc.report)
	if !ok {
		return nil
	}
	v.warnReadable(src, len(raw.Node) > 0)
	return validateNodes(section{doc: doc}, raw.Node, host, u)
}

func validateNodes(top section, raw []rawNode, host string, u used) []Node {
	nodes := make([]Node, len(raw))
	for i := range raw {
		s := top.item("node", i)
		n := &nodes[i]
		n.Position = s.position("")
		n.identity(s, &raw[i], host)
		n.activation(s, &raw[i])
		n.unique(s, u)
		warnKeys(s, &raw[i])
	}
	return nodes
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
	if s.has("dev_addr") && !n.NwkSKey.IsZero() {
		unique(s, u.sessions, "dev_addr", abpSession{n.DevAddr, n.NwkSKey},
			"the nwk_s_key is the same too, so their frames cannot be told apart: give one of them its own")
	}
}
