package devicerepo

import (
	"encoding/json"
	"testing"
	"testing/fstest"
)

// repositoryOf is a repository whose files all have the same text.
func repositoryOf(text []byte) fstest.MapFS {
	m := fstest.MapFS{}
	for _, name := range []string{"vendor/v/index.yaml", "vendor/v/d.yaml", "vendor/v/p.yaml", "vendor/v/c.yaml", "vendor/v/c.js"} {
		m[name] = &fstest.MapFile{Data: text}
	}
	return m
}

const wholeDevice = `endDevices: [d]
name: D
firmwareVersions:
  - version: '1.0'
    profiles:
      EU863-870: {id: p, codec: c}
macVersion: '1.0.3'
supportsClassC: true
factoryPresetFrequencies: [868.1]
uplinkDecoder:
  fileName: c.js
  examples:
    - description: one
      input: {fPort: 1, bytes: [0x0C, 0o7, 1e3, ~, yes, .inf], recvTime: 2020-01-01T00:00:00Z}
      output: {data: &a {b: 1, a: 2}, errors: [*a]}
`

// FuzzLoRaWANDevices checks that any YAML gives devices or errors, and examples
// that are JSON.
func FuzzLoRaWANDevices(f *testing.F) {
	f.Add([]byte(wholeDevice))
	f.Add([]byte("endDevices: [../../d, d]\nfirmwareVersions: [{profiles: {EU433: {id: ../p, codec: ../../c}}}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		devices, err := Read(repositoryOf(text), Selection{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range devices {
			checkExamples(t, d)
		}
	})
}

func checkExamples(t *testing.T, d Device) {
	t.Helper()
	if d.Script == nil {
		return
	}
	if text, err := json.Marshal(d.Script.Examples); err != nil || !json.Valid(text) {
		t.Errorf("examples are no JSON: %v", err)
	}
}

// FuzzTemplates checks that any bytes give devices or errors.
func FuzzTemplates(f *testing.F) {
	f.Add([]byte(`{"deviceProfile":{"name":"a","macVersion":"1.0.3","rfRegion":"EU868","payloadCodec":"CUSTOM_JS","payloadDecoderScript":"x"}}`))
	f.Add([]byte(`{"result":[{"name":"a","region":"EU868"}]}[{"name":"b","supportsOtaa":false,"abpRx2Freq":869525000}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		devices, err := Templates(text, Selection{})
		for _, d := range devices {
			if err == nil && d.Err == nil && d.Name == "" && d.Profile == nil {
				t.Error("a device of nothing")
			}
		}
	})
}

// FuzzExamples checks that what is read of ChirpStack's tests is JSON, and that
// JSON stays what it is.
func FuzzExamples(f *testing.F) {
	f.Add([]byte(`[{"name":"a // b","input":{"fPort":0x7f,"bytes":[1,/* two */0x2,]},"expected":{"data":{"z":1,"a":-1.5e3}}}] // end`))
	f.Fuzz(func(t *testing.T, text []byte) {
		strict, err := strictJSON(text)
		if err == nil && !json.Valid(strict) {
			t.Errorf("not JSON: %q", strict)
		}
		if json.Valid(text) && (err != nil || len(strict) != len(text) && !json.Valid(strict)) {
			t.Errorf("%q becomes %q: %v", text, strict, err)
		}
		if list, err := chirpStackExamples(text, "uplink"); err == nil {
			checkExamples(t, Device{Script: &Script{Examples: list}})
		}
	})
}
