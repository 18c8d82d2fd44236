package devicerepo

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestWholeDevice reads every kind of value of a device, and its examples with
// the order of their keys.
func TestWholeDevice(t *testing.T) {
	t.Parallel()
	devices, err := Read(repositoryOf([]byte(wholeDevice)), Selection{Regions: []string{"EU868"}})
	if err != nil || len(devices) != 1 || devices[0].Err != nil {
		t.Fatalf("%+v, %v", devices, err)
	}
	text, err := json.Marshal(devices[0].Script.Examples)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"type":"uplink","description":"one","input":{"fPort":1,"bytes":[12,7,1e3,null,"yes",".inf"],"recvTime":"2020-01-01T00:00:00Z"},` +
		`"output":{"data":{"b":1,"a":2},"errors":[{"b":1,"a":2}]}}]`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
}

func TestSelection(t *testing.T) {
	t.Parallel()
	m := fstest.MapFS{}
	for _, vendor := range []string{"one", "two"} {
		m[vendor+"/index.yaml"] = &fstest.MapFile{Data: []byte("endDevices: [lht65, lht52, ws]\n")}
		for _, name := range []string{"lht65", "lht52", "ws"} {
			m[vendor+"/"+name+".yaml"] = &fstest.MapFile{Data: []byte("firmwareVersions: [{version: '1', profiles: {EU863-870: {id: p}, US902-928: {id: p}, XX1: {id: p}}}]\n")}
		}
		m[vendor+"/p.yaml"] = &fstest.MapFile{Data: []byte("macVersion: '1.0.2'\nsupportsJoin: true\n")}
	}
	devices, err := Read(m, Selection{Vendors: []string{"TWO"}, Devices: []string{"lht*"}, Regions: []string{"US902-928", "EU868"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range devices {
		got = append(got, fmt.Sprint(d.ProfileName(true), d.Err))
	}
	want := []string{"two/lht65/EU868<nil>", "two/lht65/US915<nil>", "two/lht52/EU868<nil>", "two/lht52/US915<nil>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := Read(fstest.MapFS{"README.md": {}}, Selection{}); err == nil {
		t.Error("a folder of nothing is read")
	}
}

func TestRegionName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"EU863-870": "EU868", "US902-928": "US915", "AU915-928": "AU915", "AS923": "AS923-1", "AS923_2": "AS923-2", "CN779-787": "CN779",
		"EU433": "EU433", "CN470-510": "CN470", "KR920-923": "KR920", "IN865-867": "IN865", "RU864-870": "RU864", "ISM2400": "ISM2400", "MARS": "",
	} {
		if got := regionName(text); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
