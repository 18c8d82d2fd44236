package devicerepo

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// Read reads the devices of a folder: a repository as it is cloned, its folder
// of vendors, or one vendor's folder. Nothing outside of files is looked at.
func Read(files fs.FS, s Selection) ([]Device, error) {
	r := newRepository(files)
	for _, layout := range []struct {
		folder, mark string
		read         func(string, Selection) ([]Device, error)
	}{
		{"vendor", "vendor/*/index.yaml", r.lorawanDevices},
		{"vendors", "vendors/*/devices/*.toml", r.chirpStack},
		{".", "*/index.yaml", r.lorawanDevices},
		{".", "*/devices/*.toml", r.chirpStack},
	} {
		found, err := fs.Glob(files, layout.mark)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return layout.read(layout.folder, s)
		}
	}
	return nil, errors.New("neither a LoRaWAN device repository (vendor/NAME/index.yaml) nor ChirpStack's device profiles (vendors/NAME/devices)")
}

// ProfileName is what the profile of a device is called: "vendor/device", with
// firmware and region where there are several.
func (d Device) ProfileName(severalRegions bool) string {
	name := d.Name
	if d.Vendor != "" {
		name = d.Vendor + "/" + name
	}
	if d.Firmware != "" {
		name += "@" + d.Firmware
	}
	if severalRegions && d.Region != "" {
		name += "/" + d.Region
	}
	return name
}

// ScriptName is the name of the file that the device's script is kept in, which
// no other vendor's has.
func (d Device) ScriptName() string {
	if d.Script == nil {
		return ""
	}
	base := strings.TrimSuffix(d.Script.Name, path.Ext(d.Script.Name))
	if d.Vendor != "" {
		base = d.Vendor + "-" + base
	}
	return fileName(base) + ".js"
}

// fileName is text as the name of a file on any system.
func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, strings.TrimLeft(text, "."))
}
