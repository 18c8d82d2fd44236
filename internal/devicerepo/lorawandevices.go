package devicerepo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gatewayd/bridge/codec"
	"gatewayd/internal/roster"
)

// The files of The Things Network's repository, as far as they are looked at.

type ttnIndex struct {
	EndDevices []string `yaml:"endDevices"`
}

type ttnDevice struct {
	Name             string        `yaml:"name"`
	FirmwareVersions []ttnFirmware `yaml:"firmwareVersions"`
}

type ttnFirmware struct {
	Version  string                   `yaml:"version"`
	Profiles map[string]ttnProfileRef `yaml:"profiles"`
}

type ttnProfileRef struct {
	VendorID string `yaml:"vendorID"`
	ID       string `yaml:"id"`
	Codec    string `yaml:"codec"`
}

type ttnProfile struct {
	MACVersion        string    `yaml:"macVersion"`
	SupportsJoin      bool      `yaml:"supportsJoin"`
	SupportsClassC    bool      `yaml:"supportsClassC"`
	ClassCTimeout     int64     `yaml:"classCTimeout"`
	RX1Delay          int64     `yaml:"rx1Delay"`
	RX1DataRateOffset int64     `yaml:"rx1DataRateOffset"`
	RX2DataRateIndex  int64     `yaml:"rx2DataRateIndex"`
	RX2Frequency      float64   `yaml:"rx2Frequency"`
	FactoryPresets    []float64 `yaml:"factoryPresetFrequencies"`
	Supports32bitFCnt *bool     `yaml:"supports32bitFCnt"`
}

type ttnCodec struct {
	UplinkDecoder   ttnFunction `yaml:"uplinkDecoder"`
	DownlinkEncoder ttnFunction `yaml:"downlinkEncoder"`
	DownlinkDecoder ttnFunction `yaml:"downlinkDecoder"`
}

type ttnFunction struct {
	FileName string      `yaml:"fileName"`
	Examples []yaml.Node `yaml:"examples"`
}

// repository is a folder that is read.
type repository struct {
	files  fs.FS
	codecs map[string]*Script // by path
	broken map[string]error
}

func newRepository(files fs.FS) *repository {
	return &repository{files: files, codecs: map[string]*Script{}, broken: map[string]error{}}
}

// maxFile bounds one file, in bytes.
const maxFile = 4 << 20

func (r *repository) read(name string) ([]byte, error) {
	info, err := fs.Stat(r.files, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, maxFile)
	}
	return fs.ReadFile(r.files, name)
}

func (r *repository) yaml(name string, to any) error {
	text, err := r.read(name)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: not YAML of the repository's form: %s", name, strings.Join(strings.Fields(err.Error()), " "))
	}
	return nil
}

// lorawanDevices reads the repository below folder, which holds the vendors.
func (r *repository) lorawanDevices(folder string, s Selection) ([]Device, error) {
	entries, err := fs.ReadDir(r.files, folder)
	if err != nil {
		return nil, err
	}
	var list []Device
	for _, e := range entries {
		if !e.IsDir() || !s.vendor(e.Name()) {
			continue
		}
		var index ttnIndex
		if err := r.yaml(path.Join(folder, e.Name(), "index.yaml"), &index); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				list = append(list, Device{Vendor: e.Name(), Err: err})
			}
			continue
		}
		for _, name := range index.EndDevices {
			if s.device(name) {
				list = append(list, r.lorawanDevice(folder, e.Name(), name, s)...)
			}
		}
	}
	return list, nil
}

func (r *repository) lorawanDevice(folder, vendor, name string, s Selection) []Device {
	var raw ttnDevice
	if err := r.yaml(path.Join(folder, vendor, name+".yaml"), &raw); err != nil {
		return []Device{{Vendor: vendor, Name: name, Err: err}}
	}
	var list []Device
	for _, firmware := range raw.FirmwareVersions {
		var names []string
		for regionText := range firmware.Profiles {
			names = append(names, regionText)
		}
		slices.Sort(names)
		for _, regionText := range names {
			d := Device{Vendor: vendor, Name: name, Region: regionName(regionText), Profile: roster.Node{}}
			if len(raw.FirmwareVersions) > 1 {
				d.Firmware = firmware.Version
			}
			if d.Region == "" || !s.region(d.Region) {
				continue
			}
			d.Err = r.lorawanProfile(folder, firmware.Profiles[regionText], &d)
			list = append(list, d)
		}
	}
	return list
}

func (r *repository) lorawanProfile(folder string, ref ttnProfileRef, d *Device) error {
	vendor := d.Vendor
	if ref.VendorID != "" {
		vendor = ref.VendorID
	}
	var p ttnProfile
	if err := r.yaml(path.Join(folder, vendor, ref.ID+".yaml"), &p); err != nil {
		return err
	}
	d.version(p.MACVersion)
	if p.SupportsClassC {
		d.classC(p.ClassCTimeout)
	}
	if !p.SupportsJoin {
		f := factory{delay: p.RX1Delay, offset: p.RX1DataRateOffset, rx2DataRate: p.RX2DataRateIndex, rx2Hz: hertz(p.RX2Frequency)}
		for _, mhz := range p.FactoryPresets {
			f.channels = append(f.channels, hertz(mhz))
		}
		d.abp(f)
	}
	if p.Supports32bitFCnt != nil && !*p.Supports32bitFCnt {
		d.note("it is said to count frames with 16 bits: it has to begin anew before 65535")
	}
	if ref.Codec == "" {
		return d.Err
	}
	var err error
	d.Script, err = r.codecOnce(path.Join(folder, d.Vendor), ref.Codec, r.readLoRaWANCodec)
	return errors.Join(d.Err, err)
}

func hertz(mhz float64) int64 { return int64(math.Round(mhz * 1e6)) }

// codecOnce reads a codec once, however many devices have it.
func (r *repository) codecOnce(folder, name string, read func(folder, name string) (*Script, error)) (*Script, error) {
	at := path.Join(folder, name)
	if _, done := r.codecs[at]; !done {
		r.codecs[at], r.broken[at] = read(folder, name)
	}
	return r.codecs[at], r.broken[at]
}

func (r *repository) readLoRaWANCodec(folder, id string) (*Script, error) {
	var c ttnCodec
	if err := r.yaml(path.Join(folder, id+".yaml"), &c); err != nil {
		return nil, err
	}
	file := c.UplinkDecoder.FileName
	if file == "" {
		file = c.DownlinkEncoder.FileName
	}
	if file == "" {
		return nil, nil
	}
	source, err := r.read(path.Join(folder, file))
	if err != nil {
		return nil, err
	}
	s := &Script{Name: path.Base(file), Source: bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))}
	for _, part := range []struct {
		kind string
		f    ttnFunction
	}{
		{codec.ExampleUplink, c.UplinkDecoder}, {codec.ExampleDownlinkEncode, c.DownlinkEncoder}, {codec.ExampleDownlinkDecode, c.DownlinkDecoder},
	} {
		if part.f.FileName != file {
			continue
		}
		for i := range part.f.Examples {
			e, err := lorawanExample(part.kind, &part.f.Examples[i])
			if err != nil {
				return nil, fmt.Errorf("%s.yaml: %w", id, err)
			}
			s.Examples = append(s.Examples, e)
		}
	}
	return s, nil
}

func lorawanExample(kind string, n *yaml.Node) (Example, error) {
	var c converter
	o, err := c.object(n, 0)
	if err != nil {
		return Example{}, err
	}
	e := Example{Type: kind, Input: values{}, Output: values{}}
	for _, m := range o {
		switch m.name {
		case "description":
			e.Description = textOf(m.value)
		case "input":
			e.Input, err = objectOf(m.value)
			e.Input = inputOf(e.Input)
		case "output":
			e.Output, err = objectOf(m.value)
			e.Output = outputOf(e.Output)
		}
		if err != nil {
			return Example{}, fmt.Errorf("line %d: %s: %w", n.Line, m.name, err)
		}
	}
	return e, nil
}

// inputOf and outputOf are what an example may have.
func inputOf(v values) values { return v.only("fPort", "bytes", "recvTime", "variables", "data") }

func outputOf(v values) values { return v.only("data", "bytes", "fPort", "warnings", "errors") }

func textOf(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // anything else is no text
	return s
}
