package roster

import (
	"fmt"
	"maps"
	"strings"
)

// chirpStackEntries reads objects of ChirpStack's API, version 3 and 4: those of
// a device, its keys, its activation and its profile, each by itself or
// together in one object, in any order. Source: api/proto/api/device.proto of
// ChirpStack.
func chirpStackEntries(items []item) []Entry {
	var order []string
	merged := map[string]object{}
	lines := map[string]int{}
	for _, it := range items {
		flat := flatten(it.object)
		id := hexDigits(flat.text("deveui"))
		if id == "" {
			id = fmt.Sprintf("line %d", it.line) // on its own, to be reported
		}
		if merged[id] == nil {
			order = append(order, id)
			merged[id], lines[id] = object{}, it.line
		}
		maps.Copy(merged[id], flat)
	}
	list := make([]Entry, len(order))
	for i, id := range order {
		list[i] = chirpStackEntry(merged[id], lines[id])
	}
	return list
}

// flatten puts the members of a device's parts beside each other.
func flatten(o object) object {
	flat := object{}
	for key, v := range o {
		part, ok := v.(object)
		switch {
		case !ok:
			flat[key] = v
		case key == "device" || key == "devicekeys" || key == "keys" || key == "deviceactivation" || key == "activation":
			maps.Copy(flat, flatten(part))
		case key == "deviceprofile" || key == "profile":
			if name := part.text("name"); name != "" {
				flat["deviceprofilename"] = name
			}
			for _, k := range []string{"macversion", "supportsclassc", "supportsotaa", "supportsjoin"} {
				if part.has(k) {
					flat[k] = part[k]
				}
			}
		}
	}
	return flat
}

func chirpStackEntry(o object, line int) Entry {
	e := Entry{Line: line, Node: Node{}}
	for key, from := range map[string][]string{
		"name": {"name", "devicename"}, "dev_eui": {"deveui"}, "join_eui": {"joineui", "appeui"}, "app_key": {"appkey"}, "nwk_key": {"nwkkey"},
		"version": {"macversion", "lorawanversion"}, "dev_addr": {"devaddr"}, "app_s_key": {"appskey"},
		"f_nwk_s_int_key": {"fnwksintkey", "nwkskey"}, "s_nwk_s_int_key": {"snwksintkey"}, "nwk_s_enc_key": {"nwksenckey"},
	} {
		e.set(key, o.text(from...))
	}
	if kind := o.text("deviceprofilename"); kind != "" {
		e.Kinds = []string{kind}
	}
	e.classC(o.text("supportsclassc") == "true")
	e.skipCounters(o.text("skipfcntcheck") == "true")
	if o.text("isdisabled") == "true" {
		e.Skip = "disabled in ChirpStack"
	}
	e.chirpStackKeys()
	return e
}

// chirpStackKeys puts the keys where LoRaWAN has them. Before LoRaWAN 1.1
// ChirpStack keeps the AppKey as NwkKey, and the NwkSKey three times.
func (e *Entry) chirpStackKeys() {
	n := e.Node
	for _, key := range []string{"app_key", "nwk_key"} {
		if strings.Trim(n.text(key), "0") == "" {
			delete(n, key) // all zero is none
		}
	}
	if n.text("version") != "1.1" {
		if nwk := n.text("nwk_key"); nwk != "" {
			n["app_key"] = nwk
		}
		delete(n, "nwk_key")
	}
	e.oneActivation()
}

// oneActivation keeps the root keys of a node that joins and the session of one
// that does not: a session that was joined elsewhere ends there.
func (e *Entry) oneActivation() {
	n := e.Node
	session := []string{"dev_addr", "nwk_s_key", "app_s_key", "f_nwk_s_int_key", "s_nwk_s_int_key", "nwk_s_enc_key"}
	if n.text("app_key") != "" || n.text("nwk_key") != "" {
		had := false
		for _, key := range session {
			had = had || n.text(key) != ""
			delete(n, key)
		}
		if had {
			e.note("its session stays behind: it has to join anew")
		}
		return
	}
	if n.text("dev_addr") == "" || n.text("version") == "1.1" {
		return
	}
	if key := n.text("f_nwk_s_int_key"); n.text("nwk_s_key") == "" && key != "" {
		n["nwk_s_key"] = key
	}
	for _, key := range []string{"f_nwk_s_int_key", "s_nwk_s_int_key", "nwk_s_enc_key", "join_eui"} {
		delete(n, key)
	}
}
