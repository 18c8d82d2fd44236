package config

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"gatewayd/bridge/codec"
	"gatewayd/bridge/region"
	"gatewayd/hub"
	"gatewayd/internal/clock"
)

// defaultStateDir is where state lives when nothing says otherwise.
const defaultStateDir = "/var/lib/gatewayd"

// What the key "durability" may say.
const (
	durabilityStrict = "strict"
	durabilitySpool  = "spool"
)

// source is one file: its name as the user knows it, content and mode.
type source struct {
	name string
	data []byte
	mode fs.FileMode
}

// environment is what a configuration needs from outside of its own text.
type environment struct {
	getenv func(string) string
	read   func(path string) (source, error)
	// certificate checks the PEM files of a certificate and its key.
	certificate func(certFile, keyFile string) (hub.Credential, error)
	// codec loads a script and runs its examples.
	codec func(file string) (codec.Report, error)
}

// Load reads the configuration at path and the nodes_file it names, if any.
// getenv is os.Getenv; it is asked for STATE_DIRECTORY, for the proxy of the
// hub, and for secrets. To take up changed nodes, Load again: nothing of an
// earlier Load is kept or changed.
//
// The error is an Errors unless the file cannot be read at all.
func Load(path string, getenv func(string) string) (*Config, error) {
	env := systemEnvironment(getenv)
	main, err := env.read(path)
	if err != nil {
		return nil, err
	}
	return check(main, env)
}

// systemEnvironment is that of this machine.
func systemEnvironment(getenv func(string) string) environment {
	return environment{getenv: getenv, read: readSource, certificate: hub.NewCertificate, codec: tryCodec}
}

// readSource reads a file of the system.
func readSource(path string) (source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return source{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return source{}, err
	}
	// Editors on Windows put a byte order mark in front, which is not TOML.
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	return source{name: path, data: data, mode: info.Mode()}, nil
}

// check turns a file into a Config, or reports all that is wrong with it.
func check(main source, env environment) (*Config, error) {
	r := newReport()
	file, ok := parse(main, r)
	if !ok {
		return nil, r.err()
	}
	v := validator{env: env, main: main, top: section{doc: file.doc}, codecs: codecs{env.codec, map[string]triedCodec{}}, known: profiles{}}
	v.known.collect(file)
	v.more = v.openNodesFile(file.tree)
	raw := defaults()
	file.into(&raw, v.known)
	v.fetchSecrets(v.top, reflect.ValueOf(&raw).Elem())
	warnReadable(file.doc, main.mode)
	c := v.config(&raw)
	if err := r.err(); err != nil {
		return nil, err
	}
	for _, w := range r.sorted(r.warnings) {
		c.Warnings = append(c.Warnings, w.Error())
	}
	return c, nil
}

// validator turns raw structs into the Config.
type validator struct {
	env  environment
	main source
	top  section // of the main file

	codecs codecs
	known  profiles  // of both files
	more   nodesFile // the other one

	state   string         // folder of the store
	choices region.Options // what the file says of the region; Name is "" if it names none
}

func (v validator) config(raw *rawConfig) *Config {
	c := &Config{StateDir: v.stateDir(raw.StateDir)}
	v.state = c.StateDir
	c.ControlSocket = v.controlSocket(raw.ControlSocket)
	c.Log = validateLog(v.top.in("log"), raw.Log)
	c.Clock = validateClock(v.top.in("clock"), raw.Clock)
	c.Outbox = validateOutbox(v.top.in("outbox"), raw.Outbox)
	c.Status = v.status(raw.Status)
	u := newUsed()
	a := v.azure(raw, c, u)
	v.choices = v.regionChoices(raw)
	c.Concentrators = v.concentrators(raw.Concentrator)
	n := v.network(raw.LoRaWAN, c.Concentrators)
	v.stationPlans(n, c.Concentrators)
	c.Nodes, c.Groups = v.nodes(raw, a, n, u)
	c.LoRaWAN = v.lorawan(raw.LoRaWAN, n, c)
	v.agree(n, c.Concentrators)
	return c
}

// path makes a configured path relative to the configuration's folder.
func (v validator) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(v.main.name), p)
}

// stateDir is the configured one, else systemd's, else the usual one.
func (v validator) stateDir(configured string) string {
	if configured != "" {
		return v.path(configured)
	}
	// systemd lists several with ':' if the unit asks for several.
	if dir, _, _ := strings.Cut(v.env.getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	return defaultStateDir
}

func validateLog(s section, raw rawLog) Log {
	return Log{
		Level:  s.oneOf("level", raw.Level, "debug", "info", "warn", "error"),
		Format: s.oneOf("format", raw.Format, "auto", "console", "json"),
	}
}

func validateClock(s section, raw rawClock) Clock {
	choices := []string{string(clock.SyncAuto), string(clock.SyncAlways), string(clock.SyncNever)}
	return Clock{RequireSync: clock.RequireSync(s.oneOf("require_sync", raw.RequireSync, choices...))}
}

func validateOutbox(s section, raw rawOutbox) Outbox {
	bytes, err := parseSize(raw.MaxBytes)
	if err != nil {
		s.fail("max_bytes", "%v", err)
	} else if bytes < 64<<10 || bytes > 64<<30 {
		s.fail("max_bytes", "out of range; want 64KiB to 64GiB")
	}
	o := Outbox{MaxBytes: bytes, MaxAge: s.duration("max_age", raw.MaxAge, time.Minute, 365*day)}
	o.Replay = hub.Replay(s.oneOf("replay", raw.Replay, string(hub.ReplayInOrder), string(hub.ReplayFreshFirst)))
	window := s.duration("spool_window", raw.SpoolWindow, time.Second, 10*time.Minute)
	if s.oneOf("durability", raw.Durability, durabilityStrict, durabilitySpool) == durabilitySpool {
		o.Spool = window
	}
	return o
}
