package devicerepo

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"gatewayd/bridge/region"
	"gatewayd/internal/roster"
)

// Device is one device, with one firmware, in one region.
type Device struct {
	Vendor, Name, Firmware string
	Region                 string // as gatewayd calls it; "" for any
	// Profile holds the keys of a [[profile]], but for its name and codec.
	Profile roster.Node
	BuiltIn string // name of a built-in codec
	Script  *Script
	Notes   []string
	Err     error
}

// Script is a codec and what it was published to decode and encode.
type Script struct {
	Name     string // of the file, without folder
	Source   []byte
	Examples []Example
}

// Example is one of bridge/codec's examples. Data keeps the order of its keys,
// which some encoders depend on.
type Example struct {
	Type        string `json:"type"`
	Description string `json:"description"`
	Input       values `json:"input"`
	Output      values `json:"output"`
}

func (d *Device) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

func (d *Device) set(key string, v any) { d.Profile[key] = v }

// Selection says which devices are wanted. Empty lists are all.
type Selection struct {
	Vendors, Devices []string // patterns as of path.Match
	Regions          []string // as any of the sources calls them
}

func (s Selection) vendor(name string) bool { return matches(s.Vendors, name) }
func (s Selection) device(name string) bool { return matches(s.Devices, name) }
func (s Selection) region(name string) bool {
	return name == "" || len(s.Regions) == 0 || slices.ContainsFunc(s.Regions, func(r string) bool { return regionName(r) == name })
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(strings.ToLower(p), strings.ToLower(name)); ok {
			return true
		}
	}
	return len(patterns) == 0
}

// regionPrefix finds a region in "EU863-870", "AS923_2" or "US915".
var regionPrefix = regexp.MustCompile(`^([A-Z]+[0-9]+)`)

// regionName is what gatewayd calls a region; "" if it does not know it.
func regionName(text string) string {
	text = strings.ReplaceAll(strings.ToUpper(text), "_", "-")
	if r, err := region.New(region.Options{Name: text}); err == nil {
		return r.Name()
	}
	switch regionPrefix.FindString(text) {
	case "EU863":
		return "EU868"
	case "US902":
		return "US915"
	case "AU915", "CN470", "CN779", "KR920", "IN865", "RU864":
		return regionPrefix.FindString(text)
	}
	return ""
}

// ownChannels are the frequencies that nodes of a region have without being
// told, in Hz; fixed says that they can have no others.
func ownChannels(name string) (own map[int64]bool, fixed bool) {
	own = map[int64]bool{}
	r, err := region.New(region.Options{Name: name})
	if err != nil {
		return own, true
	}
	for _, c := range r.UplinkChannels() {
		own[int64(c.Frequency)] = true
	}
	return own, !r.DynamicChannels()
}

// factory is what a device that does not join begins with. Zero values say
// nothing: both sources write them where nothing is known.
type factory struct {
	delay, offset, rx2DataRate int64
	rx2Hz                      int64
	channels                   []int64 // Hz
}

func (d *Device) abp(f factory) {
	if f.delay > 0 {
		d.set("factory_rx_delay", f.delay)
	}
	if f.offset > 0 {
		d.set("factory_rx1_dr_offset", f.offset)
	}
	if f.rx2Hz > 0 {
		d.set("factory_rx2_frequency", f.rx2Hz)
		d.set("factory_rx2_data_rate", f.rx2DataRate)
	}
	own, fixed := ownChannels(d.Region)
	var more []int64
	for _, hz := range f.channels {
		if !own[hz] && !fixed {
			more = append(more, hz)
		}
	}
	if len(more) > 0 {
		d.set("factory_channels", more)
	}
}

// classC takes over that a device listens all the time, and how long it may
// take to acknowledge, in seconds.
func (d *Device) classC(timeout int64) {
	d.set("class", "C")
	if timeout >= 1 && timeout <= 600 {
		d.set("ack_timeout", fmt.Sprintf("%ds", timeout))
	}
}

// version takes over a LoRaWAN version, as others write it.
func (d *Device) version(text string) {
	if err := d.Profile.Set("version", text); err != nil {
		d.Err = err
	}
}
