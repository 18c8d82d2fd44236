package config

import "reflect"

// nodesFile is the nodes_file; the zero value is none.
type nodesFile struct {
	parsed
	src source
	ok  bool // it is there, and TOML
}

// openNodesFile reads the nodes_file that the main file names, before the nodes
// of either: they may have the profiles of both.
func (v validator) openNodesFile(main map[string]any) (f nodesFile) {
	name, _ := main["nodes_file"].(string)
	if name == "" {
		return f
	}
	var err error
	if f.src, err = v.env.read(v.path(name)); err != nil {
		v.top.fail("nodes_file", "%v; name a file of [[node]] tables, or leave it empty", err)
		return f
	}
	if f.src.name == v.main.name {
		v.top.fail("nodes_file", "is this file itself; leave it empty, nodes may stand here")
		return f
	}
	if f.parsed, f.ok = parse(f.src, v.top.doc.report); f.ok {
		v.known.collect(f.parsed)
	}
	return f
}

// nodes checks what stands in the file.
func (f nodesFile) nodes(v validator, a azure, net *network, u used) ([]Node, []Group) {
	if !f.ok {
		return nil, nil
	}
	var raw rawNodesFile
	f.into(&raw, v.known)
	top := section{doc: f.doc}
	v.fetchSecrets(top, reflect.ValueOf(&raw).Elem())
	warnReadable(f.doc, f.src.mode)
	v.known.check(top, raw.Profile, a, net)
	return validateNodes(top, raw.Node, a, net, u), groups(top, raw.Group, a, net, u)
}
