package devicerepo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"gatewayd/bridge/codec"
	"gatewayd/internal/roster"
)

// csTemplate is a device profile, or a template of one, in the JSON of
// ChirpStack's API. Keys of version 3 stand beside those of version 4.
type csTemplate struct {
	Name, Vendor, Firmware, Region, RFRegion string
	MACVersion                               string
	SupportsOTAA, SupportsJoin               *bool
	SupportsClassC                           bool
	ClassCTimeout                            int64
	ABPRX1Delay, RXDelay1                    int64
	ABPRX1DROffset, RXDROffset1              int64
	ABPRX2DR, RXDataRate2                    int64
	ABPRX2Freq, RXFreq2                      int64
	FactoryPresetFreqs                       []int64
	FlushQueueOnActivate                     bool

	PayloadCodecRuntime, PayloadCodec          string
	PayloadCodecScript                         string
	PayloadDecoderScript, PayloadEncoderScript string
}

// Templates reads device profiles, or templates of them, as ChirpStack's API
// prints them: one object, a list, or one after the other.
func Templates(text []byte, s Selection) ([]Device, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	var list []Device
	for {
		var raw json.RawMessage
		switch err := dec.Decode(&raw); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, errors.New("not JSON; want device profiles as ChirpStack's API prints them")
		}
		for _, one := range unpack(raw) {
			d := templateDevice(one)
			if s.vendor(d.Vendor) && s.device(d.Name) && (d.Err != nil || s.region(d.Region)) {
				list = append(list, d)
			}
		}
	}
}

// unpack takes profiles out of the envelopes of the API.
func unpack(raw json.RawMessage) []json.RawMessage {
	var many []json.RawMessage
	if json.Unmarshal(raw, &many) == nil {
		var all []json.RawMessage
		for _, one := range many {
			all = append(all, unpack(one)...)
		}
		return all
	}
	var envelope struct {
		Result                               []json.RawMessage
		DeviceProfile, DeviceProfileTemplate json.RawMessage
	}
	if json.Unmarshal(raw, &envelope) != nil {
		return []json.RawMessage{raw}
	}
	switch {
	case envelope.Result != nil:
		return envelope.Result
	case envelope.DeviceProfile != nil:
		return []json.RawMessage{envelope.DeviceProfile}
	case envelope.DeviceProfileTemplate != nil:
		return []json.RawMessage{envelope.DeviceProfileTemplate}
	}
	return []json.RawMessage{raw}
}

func templateDevice(raw json.RawMessage) Device {
	d := Device{Profile: roster.Node{}}
	var t csTemplate
	if json.Unmarshal(raw, &t) != nil || t.Name == "" && t.MACVersion == "" {
		d.Err = errors.New("not a device profile of ChirpStack")
		return d
	}
	d.Vendor, d.Name, d.Firmware = t.Vendor, t.Name, t.Firmware
	if text := t.Region + t.RFRegion; text != "" {
		if d.Region = regionName(text); d.Region == "" {
			d.Err = errors.New("a region that gatewayd does not know")
		}
	}
	d.version(t.MACVersion)
	if t.SupportsClassC {
		d.classC(t.ClassCTimeout)
	}
	if t.FlushQueueOnActivate {
		d.set("flush_on_join", true)
	}
	if joins := t.SupportsOTAA; joins != nil && !*joins || t.SupportsJoin != nil && !*t.SupportsJoin {
		d.abp(factory{
			t.ABPRX1Delay + t.RXDelay1, t.ABPRX1DROffset + t.RXDROffset1, t.ABPRX2DR + t.RXDataRate2,
			t.ABPRX2Freq + t.RXFreq2, t.FactoryPresetFreqs,
		})
	}
	d.templateCodec(t)
	return d
}

func (d *Device) templateCodec(t csTemplate) {
	script := t.PayloadCodecScript
	if script == "" {
		script = strings.TrimSpace(t.PayloadDecoderScript + "\n" + t.PayloadEncoderScript)
	}
	switch t.PayloadCodecRuntime + t.PayloadCodec {
	case "CAYENNE_LPP":
		d.BuiltIn = codec.CayenneLPP
	case "JS", "CUSTOM_JS":
		if script != "" {
			d.Script = &Script{Name: fileName(d.Name) + ".js", Source: []byte(script + "\n")}
		}
	}
}
