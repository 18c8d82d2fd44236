package devicerepo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"gatewayd/bridge/codec"
	"gatewayd/internal/roster"
)

// The files of ChirpStack's repository, as far as they are looked at.

type csDevice struct {
	Device struct {
		Name     string       `toml:"name"`
		Firmware []csFirmware `toml:"firmware"`
	} `toml:"device"`
}

type csFirmware struct {
	Version  string   `toml:"version"`
	Profiles []string `toml:"profiles"`
	Codec    string   `toml:"codec"`
}

type csProfile struct {
	Profile struct {
		Region         string `toml:"region"`
		MACVersion     string `toml:"mac_version"`
		SupportsOTAA   bool   `toml:"supports_otaa"`
		SupportsClassC bool   `toml:"supports_class_c"`
		ABP            struct {
			RX1Delay    int64 `toml:"rx1_delay"`
			RX1DROffset int64 `toml:"rx1_dr_offset"`
			RX2DR       int64 `toml:"rx2_dr"`
			RX2Freq     int64 `toml:"rx2_freq"`
		} `toml:"abp"`
		ClassC struct {
			Timeout int64 `toml:"timeout_secs"`
		} `toml:"class_c"`
	} `toml:"profile"`
}

func (r *repository) toml(name string, to any) error {
	text, err := r.read(name)
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: not TOML of the repository's form: %w", name, err)
	}
	return nil
}

// chirpStack reads the repository below folder, which holds the vendors.
func (r *repository) chirpStack(folder string, s Selection) ([]Device, error) {
	files, err := fs.Glob(r.files, path.Join(folder, "*", "devices", "*.toml"))
	if err != nil {
		return nil, err
	}
	var list []Device
	for _, file := range files {
		vendor := path.Dir(path.Dir(file))
		name := strings.TrimSuffix(path.Base(file), ".toml")
		if s.vendor(path.Base(vendor)) && s.device(name) {
			list = append(list, r.chirpStackDevice(vendor, name, file, s)...)
		}
	}
	return list, nil
}

func (r *repository) chirpStackDevice(vendor, name, file string, s Selection) []Device {
	var raw csDevice
	if err := r.toml(file, &raw); err != nil {
		return []Device{{Vendor: path.Base(vendor), Name: name, Err: err}}
	}
	var list []Device
	for _, firmware := range raw.Device.Firmware {
		for _, profile := range firmware.Profiles {
			d := Device{Vendor: path.Base(vendor), Name: name, Profile: roster.Node{}}
			if len(raw.Device.Firmware) > 1 {
				d.Firmware = firmware.Version
			}
			var p csProfile
			if d.Err = r.toml(path.Join(vendor, "profiles", profile), &p); d.Err == nil {
				d.Region = regionName(p.Profile.Region)
				if d.Region == "" || !s.region(d.Region) {
					continue
				}
				d.chirpStackProfile(p)
				if firmware.Codec != "" && d.Err == nil {
					d.Script, d.Err = r.codecOnce(path.Join(vendor, "codecs"), firmware.Codec, r.readChirpStackCodec)
				}
			}
			list = append(list, d)
		}
	}
	return list
}

func (d *Device) chirpStackProfile(p csProfile) {
	d.version(p.Profile.MACVersion)
	if p.Profile.SupportsClassC {
		d.classC(p.Profile.ClassC.Timeout)
	}
	if a := p.Profile.ABP; !p.Profile.SupportsOTAA {
		d.abp(factory{delay: a.RX1Delay, offset: a.RX1DROffset, rx2DataRate: a.RX2DR, rx2Hz: a.RX2Freq})
	}
}

func (r *repository) readChirpStackCodec(folder, name string) (*Script, error) {
	source, err := r.read(path.Join(folder, name))
	if err != nil {
		return nil, err
	}
	s := &Script{Name: path.Base(name), Source: bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))}
	base := strings.TrimSuffix(s.Name, path.Ext(s.Name)) + ".json"
	for _, part := range []struct{ file, kind string }{
		{"test_decode_" + base, codec.ExampleUplink}, {"test_encode_" + base, codec.ExampleDownlinkEncode},
	} {
		text, err := r.read(path.Join(folder, part.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		more, err := chirpStackExamples(text, part.kind)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.file, err)
		}
		s.Examples = append(s.Examples, more...)
	}
	return s, nil
}

func chirpStackExamples(text []byte, kind string) ([]Example, error) {
	strict, err := strictJSON(text)
	if err != nil {
		return nil, err
	}
	var raw []struct {
		Name     string          `json:"name"`
		Input    json.RawMessage `json:"input"`
		Expected json.RawMessage `json:"expected"`
	}
	if err := json.Unmarshal(strict, &raw); err != nil {
		return nil, errors.New("not a list of tests with name, input and expected")
	}
	list := make([]Example, len(raw))
	for i, t := range raw {
		input, err := objectOf(t.Input)
		if err != nil {
			return nil, fmt.Errorf("test %d: input: %w", i+1, err)
		}
		output, err := objectOf(t.Expected)
		if err != nil {
			return nil, fmt.Errorf("test %d: expected: %w", i+1, err)
		}
		list[i] = Example{Type: kind, Description: t.Name, Input: inputOf(input), Output: outputOf(output)}
	}
	return list, nil
}
