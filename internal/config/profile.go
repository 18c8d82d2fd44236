package config

import (
	"maps"
	"reflect"

	"gatewayd/bridge/region"
)

// rawProfile is what nodes of one kind have in common.
type rawProfile struct {
	Name   string `toml:"name"`
	Region string `toml:"region"`
	rawConnection
	rawCodec
	rawFormat
	rawSettings
}

// setDefaults prepares one [[profile]] for decoding.
func (p *rawProfile) setDefaults() {
	var i rawIdentity
	i.setDefaults()
	p.rawConnection, p.rawCodec, p.rawFormat, p.rawSettings = i.rawConnection, i.rawCodec, i.rawFormat, defaultSettings()
}

// profiles are the [[profile]] tables of the main file and of the nodes_file, by
// name.
type profiles map[string]profile

// profile is one [[profile]] table as it stands in its file.
type profile struct {
	place
	tree   map[string]any
	region string // canonical; "" if it is not said
}

// collect enters the profiles of one file.
func (p profiles) collect(file parsed) {
	for i, t := range tables(file.tree, "profile") {
		s := section{doc: file.doc}.item("profile", i)
		name, _ := t["name"].(string)
		if name == "" {
			continue // reported when it is checked
		}
		if first, twice := p[name]; twice {
			s.fail("name", "already used at %s; every profile needs its own name", first.doc.position(joinKey(first.path, "name")))
			continue
		}
		text, _ := t["region"].(string)
		p[name] = profile{place{file.doc, s.path}, t, canonical(text)}
	}
}

// lend gives the nodes of a file what their profiles say and they do not. The
// keys go on standing where they stand: a mistake is reported there.
func (p profiles) lend(doc *document, tree map[string]any) {
	lent := lentKeys()
	for i, node := range tables(tree, "node") {
		name, _ := node["profile"].(string)
		if name == "" {
			continue
		}
		s := section{doc: doc}.item("node", i)
		from, known := p[name]
		if !known {
			s.fail("profile", "not the name of a [[profile]]; name one, or leave it empty")
			continue
		}
		_, ownCodec := node["codec"]
		for key, v := range from.tree {
			own, has := node[key]
			switch {
			case !lent[key], key == "codec_variables" && ownCodec: // they are for the profile's codec
			case key == "codec_variables" && has:
				s.lendVariables(from, own, v)
			case has:
			default:
				node[key] = v
				doc.lent[s.at(key)] = place{from.doc, joinKey(from.path, key)}
			}
		}
	}
}

// lendVariables lays a node's variables for its codec over those of the
// profile.
func (s section) lendVariables(from profile, own, lent any) {
	mine, ok := own.(map[string]any)
	theirs, both := lent.(map[string]any)
	if !ok || !both {
		return // reported by the decoder
	}
	at := section{doc: s.doc, path: s.at("codec_variables")}
	for name, v := range theirs {
		if _, has := mine[name]; !has {
			mine[name] = v
			s.doc.lent[at.at(name)] = place{from.doc, joinKey(joinKey(from.path, "codec_variables"), name)}
		}
	}
}

// lentKeys are the keys of a profile that a node has too.
func lentKeys() map[string]bool {
	keys := map[string]bool{}
	for _, key := range keysOf(reflect.TypeFor[rawProfile]()) {
		keys[key] = true
	}
	maps.DeleteFunc(keys, func(key string, _ bool) bool { return key == "name" || key == "region" })
	return keys
}

// tables are the elements of an array of tables; nil in the place of anything
// else.
func tables(tree map[string]any, key string) []map[string]any {
	items, _ := tree[key].([]any)
	list := make([]map[string]any, len(items))
	for i, item := range items {
		list[i], _ = item.(map[string]any)
	}
	return list
}

// check looks at the profiles of one file, whether a node has them or not.
func (p profiles) check(top section, raw []rawProfile, a azure, net *network) {
	for i := range raw {
		s := top.item("profile", i)
		s.require("name", "add what nodes call it in profile")
		if s.name("name", raw[i].Name); raw[i].Region != "" && canonical(raw[i].Region) == "" {
			s.oneOf("region", raw[i].Region, region.Names()...)
		}
		s.partial = true
		raw[i].check(s, a, net)
	}
}

func (p *rawProfile) check(s section, a azure, net *network) {
	raw := rawNode{rawSettings: p.rawSettings}
	var n Node
	connection(s, p.rawConnection)
	a.codec(s, p.rawCodec)
	a.formatOf(s, p.rawFormat)
	n.settings(s, &raw)
	known := n.versionOf(s, &raw)
	if !known || net.plan == nil || p.Region != "" && canonical(p.Region) != net.plan.Name() {
		return // what depends on the region cannot be said
	}
	net.nodeMAC(s, &raw, &n)
}

// suits reports whether a node can have a profile: one that is for the region
// of the concentrators, or for any.
func (p profiles) suits(s section, name string, net *network) bool {
	of := p[name].region
	if of == "" || net.plan == nil || of == net.plan.Name() {
		return true
	}
	s.fail("profile", "is for %s, and the concentrators are for %s; name another one", of, net.plan.Name())
	return false
}
