package roster

import (
	"strconv"
	"strings"
)

// thingsStackEntries reads end devices of The Things Stack, as "ttn-lw-cli
// end-devices get" and list print them. Source: The Things Stack, "JSON File
// Reference".
func thingsStackEntries(items []item) []Entry {
	list := make([]Entry, len(items))
	for i, it := range items {
		list[i] = thingsStackEntry(it)
	}
	return list
}

func thingsStackEntry(it item) Entry {
	e, o := Entry{Line: it.line, Node: Node{}}, it.object
	if inner := o.in("enddevice"); inner != nil {
		o = inner
	}
	ids, root, session := o.in("ids"), o.in("rootkeys"), o.in("session")
	sessionKeys := session.in("keys")
	e.set("device_id", ids.text("deviceid"))
	e.set("dev_eui", ids.text("deveui"))
	e.set("join_eui", ids.text("joineui"))
	e.set("name", o.text("name"))
	e.set("version", o.text("lorawanversion"))
	e.set("app_key", root.boxed("appkey"))
	e.set("nwk_key", root.boxed("nwkkey"))
	if address := session.text("devaddr"); address != "" {
		e.set("dev_addr", address)
	} else {
		e.set("dev_addr", ids.text("devaddr"))
	}
	for key, from := range map[string]string{
		"app_s_key": "appskey", "f_nwk_s_int_key": "fnwksintkey", "s_nwk_s_int_key": "snwksintkey", "nwk_s_enc_key": "nwksenckey",
	} {
		e.set(key, sessionKeys.boxed(from))
	}
	e.classC(o.text("supportsclassc") == "true")
	e.macSettings(o.in("macsettings"), o.text("supportsjoin") == "true" || root.has("appkey", "nwkkey"))
	if root.in("appkey").has("encryptedkey") || sessionKeys.in("appskey").has("encryptedkey") {
		e.note("its keys are encrypted: export them in the clear")
	}
	if f := o.in("formatters").text("upformatter"); f != "" && f != "FORMATTER_NONE" {
		e.note("its payload formatter stays behind: name a codec")
	}
	version := o.in("versionids")
	e.kind(version.text("brandid"), version.text("modelid"), version.text("firmwareversion"))
	e.thingsStackKeys()
	return e
}

// kind is named as profile import names profiles of the device repository, in
// which The Things Stack's brands and models are.
func (e *Entry) kind(brand, model, firmware string) {
	if brand != "" && model != "" {
		e.Kinds = []string{brand + "/" + model + "@" + firmware, brand + "/" + model}
	}
}

// macSettings are the windows and counters of a device.
func (e *Entry) macSettings(m object, joins bool) {
	prefix := ""
	if !joins {
		prefix = "factory_" // what the device begins with
	}
	e.set(prefix+"rx_delay", m.boxed("rx1delay"))
	e.set(prefix+"rx1_dr_offset", m.boxed("rx1datarateoffset"))
	e.set(prefix+"rx2_data_rate", m.boxed("rx2datarateindex"))
	e.set(prefix+"rx2_frequency", m.boxed("rx2frequency"))
	e.set("duty_cycle", dutyCycle(m.boxed("maxdutycycle")))
	if m.boxed("resetsfcnt") == "true" {
		e.set("counters", "relaxed")
	}
	if list, _ := m["factorypresetfrequencies"].([]any); !joins && len(list) > 0 {
		e.note("its factory preset frequencies stay behind: name those beyond the region's own in factory_channels")
	}
}

// dutyCycle is the number n of DUTY_CYCLE_m, which is 1/m = 1/2^n.
func dutyCycle(text string) string {
	m, err := strconv.ParseUint(strings.TrimPrefix(text, "DUTY_CYCLE_"), 10, 16)
	if err != nil || !strings.HasPrefix(text, "DUTY_CYCLE_") {
		return text
	}
	n := 0
	for m > 1 {
		m /= 2
		n++
	}
	return strconv.Itoa(n)
}

// thingsStackKeys puts the keys where [[node]] has them: before LoRaWAN 1.1 The
// Things Stack keeps the NwkSKey as FNwkSIntKey.
func (e *Entry) thingsStackKeys() {
	if e.Node.text("version") != "1.1" {
		delete(e.Node, "nwk_key")
	}
	e.oneActivation()
	n := e.Node
	if delay, has := n["rx_delay"]; has && n.text("app_key") == "" {
		delete(n, "rx_delay")
		n["factory_rx_delay"] = delay // what an ABP node begins with
	}
}
