package roster

import (
	"regexp"
	"strconv"
	"strings"

	"gatewayd/bridge/codec"
)

// hubEntries reads devices of an IoT hub as the Azure IoT Edge LoRaWAN Starter
// Kit keeps them: the lines that an export of a hub's devices writes, or an
// array of twins as a query gives it. Sources: Microsoft, "Import and export IoT
// Hub device identities in bulk"; the kit's TwinProperty.cs.
func hubEntries(items []item) []Entry {
	list := make([]Entry, len(items))
	for i, it := range items {
		list[i] = hubEntry(it)
	}
	return list
}

// devEUI is a device id of the kit.
var devEUI = regexp.MustCompile(`^[0-9A-Fa-f]{16}$`)

func hubEntry(it item) Entry {
	e, o := Entry{Line: it.line, Node: Node{}}, it.object
	id := o.text("id", "deviceid")
	desired, reported := o.in("properties", "desired"), o.in("properties", "reported")
	e.set("device_id", id)
	switch {
	case o.text("moduleid") != "":
		e.Skip = "a module"
	case o.in("capabilities").text("iotedge") == "true":
		e.Skip = "an IoT Edge device"
	case desired.has("routerconfig"):
		e.Skip = "a concentrator"
	case o.text("status") == "disabled":
		e.Skip = "disabled in the hub"
	case !desired.has("appkey", "appskey", "nwkskey", "devaddr", "appeui"):
		e.Skip = "a device without LoRaWAN keys"
	}
	if e.Skip != "" {
		return e
	}
	e.set("device_key", o.in("authentication", "symmetrickey").text("primarykey"))
	if kind := o.in("authentication").text("type"); kind != "" && kind != "sas" {
		e.note("authenticates with a certificate: add x509_cert and x509_key")
	}
	if eui := desired.text("deveui"); eui != "" {
		e.set("dev_eui", eui)
	} else if eui = reported.text("deveui"); eui != "" {
		e.set("dev_eui", eui)
	} else if devEUI.MatchString(id) {
		e.set("dev_eui", id)
	}
	if desired.text("appskey") != "" {
		e.kitABP(desired)
	} else {
		e.kitOTAA(desired)
	}
	e.kitSettings(desired)
	return e
}

func (e *Entry) kitABP(desired object) {
	e.set("dev_addr", desired.text("devaddr"))
	e.set("nwk_s_key", desired.text("nwkskey"))
	e.set("app_s_key", desired.text("appskey"))
	if desired.text("abprelaxmode") != "false" {
		e.set("counters", "relaxed") // the kit's default
	}
}

func (e *Entry) kitOTAA(desired object) {
	e.set("join_eui", desired.text("appeui", "joineui"))
	e.set("app_key", desired.text("appkey"))
	e.set("rx1_dr_offset", desired.text("rx1droffset"))
	e.set("rx2_data_rate", desired.text("rx2datarate"))
	if delay := desired.text("rxdelay"); delay != "0" {
		e.set("rx_delay", delay)
	}
}

// kitSettings is what a twin says beyond keys.
func (e *Entry) kitSettings(desired object) {
	e.set("class", desired.text("classtype"))
	if desired.text("preferredwindow") == "2" {
		e.set("downlink_window", "rx2")
	}
	if n, err := strconv.Atoi(desired.text("keepalivetimeout")); err == nil && n > 0 {
		e.set("policy", "linger")
		e.set("linger", strconv.Itoa(max(n, kitMinKeepAlive))+"s")
	}
	e.kitDecoder(desired.text("sensordecoder"))
	if desired.text("downlink") == "false" {
		e.note("Downlink is false, and stays behind: what is sent to the device is sent on")
	}
	if gateway := desired.text("gatewayid"); gateway != "" {
		e.note("GatewayID %s stays behind: keep it in the file of that gateway", strconv.Quote(gateway))
	}
	if d := desired.text("deduplication"); d != "" && foldKey(d) != "drop" {
		e.note("Deduplication %s stays behind: one message per frame is published", strconv.Quote(d))
	}
	for _, key := range []string{"FCntUpStart", "FCntDownStart", "FCntResetCounter", "CN470JoinChannel"} {
		if desired.has(foldKey(key)) {
			e.note("%s stays behind", key)
		}
	}
}

// kitDecoder takes over a decoder that gatewayd has, too, or can ask.
func (e *Entry) kitDecoder(decoder string) {
	for _, known := range []string{codec.KitValue, codec.KitHex} {
		if strings.EqualFold(decoder, known) {
			decoder = known
			e.set("codec", known)
		}
	}
	switch {
	case strings.HasPrefix(decoder, "http://"):
		e.set("codec", decoder)
		e.note("its decoder is asked at %s: that host must be within reach of gatewayd", strconv.Quote(decoder))
	case decoder != "" && e.Node.text("codec") == "":
		e.note("SensorDecoder %s: name a codec", strconv.Quote(decoder))
	}
}

// kitMinKeepAlive is the shortest sliding time of the kit, in seconds.
const kitMinKeepAlive = 60
