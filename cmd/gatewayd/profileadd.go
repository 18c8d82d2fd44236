package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gatewayd/bridge/codec"
	"gatewayd/internal/devicerepo"
	"gatewayd/internal/roster"
)

// profileDesk adds profiles to a nodes_file.
type profileDesk struct {
	*nodesFiles
	o       profiling
	have    map[string]roster.Node
	folder  string            // of the codecs
	scratch string            // where they are tried
	scripts map[string][]byte // files to be written, by name
	checked map[string]string // what is wrong with the examples of a script, by name
	text    []byte            // of the nodes_file
}

func (a *app) addProfiles(f *nodesFiles, devices []devicerepo.Device, o profiling) error {
	scratch, err := os.MkdirTemp("", "gatewayd-profile-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	d := profileDesk{
		nodesFiles: f, o: o, folder: o.codecFolder(f.NodesFiles), scratch: scratch,
		scripts: map[string][]byte{}, checked: map[string]string{}, text: f.Text,
	}
	if d.have, err = f.profiles(); err != nil {
		return err
	}
	bar := a.progress("reading profiles")
	bar.total = int64(len(devices))
	stop := bar.start()
	counts := map[roster.Status]int{}
	var report bytes.Buffer
	for i := range devices {
		bar.items.Store(int64(i))
		status, reason := d.add(a, &devices[i])
		counts[status]++
		printDevice(&report, &devices[i], d.name(&devices[i]), status, reason)
	}
	stop()
	if !o.dryRun && counts[roster.Added] > 0 {
		if err := d.write(); err != nil {
			return err
		}
	}
	ending := ""
	if o.dryRun {
		ending = " (dry run: nothing is written)"
	}
	fmt.Fprintf(&report, "%s: %d added, %d same, %d in conflict, %d invalid%s\n", f.Name,
		counts[roster.Added], counts[roster.Same], counts[roster.Conflict], counts[roster.Invalid], ending)
	if _, err := a.stdout.Write(report.Bytes()); err != nil {
		return err
	}
	if bad := counts[roster.Conflict] + counts[roster.Invalid]; bad > 0 {
		return fmt.Errorf("%d of %d profiles are not taken over; the lines above say why", bad, len(devices))
	}
	return nil
}

func printDevice(to *bytes.Buffer, dev *devicerepo.Device, name string, status roster.Status, reason string) {
	fmt.Fprintf(to, "%s: %s", name, status)
	if reason != "" {
		fmt.Fprintf(to, ": %s", reason)
	}
	if len(dev.Notes) > 0 {
		fmt.Fprintf(to, " (%s)", strings.Join(dev.Notes, "; "))
	}
	to.WriteByte('\n')
}

func (d *profileDesk) name(dev *devicerepo.Device) string {
	return dev.ProfileName(len(d.o.regions) > 1)
}

// add takes one device over, as far as it can be without writing.
func (d *profileDesk) add(a *app, dev *devicerepo.Device) (roster.Status, string) {
	if dev.Err != nil {
		return roster.Invalid, oneLine(dev.Err)
	}
	n := dev.Profile
	n["name"] = d.name(dev)
	if dev.Region != "" {
		n["region"] = dev.Region
	}
	if dev.BuiltIn != "" {
		n["codec"] = dev.BuiltIn
	}
	// What the profile says but for its codec, whose file is not there yet.
	alone := append(bytes.Clone(d.Text), separated(d.Text, n.ProfileTOML())...)
	if dev.Script != nil {
		n["codec"] = filepath.ToSlash(filepath.Join(d.o.codecs, dev.ScriptName()))
	}
	if other, exists := d.have[d.name(dev)]; exists {
		if differ := roster.Differences(other, n); len(differ) > 0 {
			return roster.Conflict, "a profile of that name is there, and differs in " + strings.Join(differ, ", ")
		}
		return roster.Same, ""
	}
	if _, err := d.Try(a.getenv, alone); err != nil {
		return roster.Invalid, oneLine(err)
	}
	if dev.Script != nil {
		if status, reason := d.script(dev); status != roster.Added {
			return status, reason
		}
	}
	d.have[d.name(dev)] = n
	d.text = append(bytes.Clone(d.text), separated(d.text, n.ProfileTOML())...)
	return roster.Added, ""
}

// separated is a table as it stands behind text.
func separated(text []byte, table string) string {
	switch {
	case len(text) == 0:
		return table
	case text[len(text)-1] != '\n':
		return "\n\n" + table
	}
	return "\n" + table
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// script tries the codec of a device and puts it among those to be written.
func (d *profileDesk) script(dev *devicerepo.Device) (roster.Status, string) {
	name := dev.ScriptName()
	examples, err := examplesText(dev.Script)
	if err != nil {
		return roster.Invalid, oneLine(err)
	}
	note, tried := d.checked[name]
	switch {
	case tried && !bytes.Equal(d.scripts[name], dev.Script.Source):
		return roster.Conflict, "two codecs would be called " + name
	case !tried:
		if there, err := os.ReadFile(filepath.Join(d.folder, name)); err == nil && !bytes.Equal(there, dev.Script.Source) {
			return roster.Conflict, filepath.Join(d.folder, name) + " is there, and is another codec; --codecs names another folder"
		}
		if note, err = d.try(name, dev.Script.Source, examples); err != nil {
			return roster.Invalid, oneLine(err)
		}
		d.checked[name], d.scripts[name] = note, dev.Script.Source
		if examples != nil {
			d.scripts[codec.ExamplesFile(name)] = examples
		}
	}
	if note != "" {
		dev.Notes = append(dev.Notes, note)
	}
	return roster.Added, ""
}

// try loads a codec and runs its examples.
func (d *profileDesk) try(name string, source, examples []byte) (note string, err error) {
	file := filepath.Join(d.scratch, name)
	if err := os.WriteFile(file, source, 0o600); err != nil {
		return "", err
	}
	if examples != nil {
		if err := os.WriteFile(codec.ExamplesFile(file), examples, 0o600); err != nil {
			return "", err
		}
	}
	c, err := codec.Load(file, codec.Options{})
	if err != nil {
		return "", errors.New(strings.ReplaceAll(err.Error(), d.scratch+string(filepath.Separator), ""))
	}
	r, err := c.Test(context.Background(), file)
	switch {
	case err != nil:
		return "", errors.New(strings.ReplaceAll(err.Error(), d.scratch+string(filepath.Separator), ""))
	case len(r.Failures) > 0:
		return fmt.Sprintf("%d of %d examples of its codec fail, number %d first", len(r.Failures), r.Examples, r.Failures[0].Example), nil
	}
	return "", nil
}

// examplesText is what lies beside a script; nil for no examples.
func examplesText(s *devicerepo.Script) ([]byte, error) {
	if len(s.Examples) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(s.Examples)
	return b.Bytes(), err
}

// write puts the codecs into their folder, and then the profiles that name them
// into the nodes_file.
func (d *profileDesk) write() error {
	if err := os.MkdirAll(d.folder, 0o755); err != nil {
		return err
	}
	for name, text := range d.scripts {
		file := filepath.Join(d.folder, name)
		there, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && (bytes.Equal(there, text) || filepath.Ext(name) != ".js") {
			continue // examples that are there may be of the user's own
		}
		if err := roster.WriteFile(file, text, d.Main, roster.ModeOpen); err != nil {
			return err
		}
	}
	return d.nodesFiles.write(d.text)
}
