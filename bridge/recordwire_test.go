package bridge

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

// fullRecord has every field set, whatever fields there are.
func fullRecord(t *testing.T) record {
	t.Helper()
	var r record
	fillIn(t, reflect.ValueOf(&r).Elem())
	return r
}

// fillIn sets v to something that is not zero.
func fillIn(t *testing.T, v reflect.Value) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(`{"a":1}`))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if v.Type().Field(i).Anonymous {
				f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
			}
			fillIn(t, f)
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillIn(t, v.Elem())
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillIn(t, v.Index(0))
		fillIn(t, v.Index(1))
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			fillIn(t, v.Index(i))
		}
	case v.Kind() == reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillIn(t, key)
		fillIn(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case v.Kind() == reflect.String:
		v.SetString("text")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(-7)
	case v.CanUint():
		v.SetUint(200)
	case v.CanFloat():
		v.SetFloat(-71.5)
	default:
		t.Fatalf("a field of kind %s: teach fillIn", v.Kind())
	}
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	empty := record{}
	port := uint8(0)
	for name, want := range map[string]record{"full": fullRecord(t), "empty": empty, "port 0": {FPort: &port}} {
		got, err := unmarshalRecord(want.marshal())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Records of the version before are read as they were meant.
func TestRecordV2(t *testing.T) {
	t.Parallel()
	want := fullRecord(t)
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unmarshalRecord([]byte(strings.Replace(string(raw), "{", `{"v":2,`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A number that JSON cannot hold costs itself, never the message.
func TestRecordWithNaN(t *testing.T) {
	t.Parallel()
	r := newRecord(kindUp, "id", radio.EUI64{})
	r.Receivers = []receipt{{RSSI: float32(math.NaN()), SNR: float32(math.Inf(1)), Channel: 3}}
	got, err := unmarshalRecord(r.marshal())
	if err != nil || len(got.Receivers) != 1 || got.Receivers[0] != (receipt{Channel: 3}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// An uplink of 100 bytes of a node that has joined, and its session, share one
// sector of 512 bytes with what the log says about them.
func TestUplinkFitsSector(t *testing.T) {
	t.Parallel()
	eui, port := radio.EUI64{0x70, 0xb3, 0xd5, 0x7e, 0xd0, 0, 0, 1}, uint8(10)
	r := record{
		Kind: kindUp, ID: "70b3d57ed0000001-12345678-65536", DevEUI: &eui, DevAddr: [4]byte{0x26, 1, 0xab, 4}, At: math.MaxInt64,
		Trusted: true, FCnt: 65536, FPort: &port, Payload: make([]byte, 100), DataRate: "SF12BW125", Frequency: 868_100_000, Coding: "4/5",
		Receivers: []receipt{{Concentrator: "picocell0", Gateway: eui, RSSI: -71, SNR: 9.5, Channel: 7}},
	}
	const want = 260
	if got := len(r.marshal()); got > want {
		t.Errorf("the record has %d bytes, want %d at most", got, want)
	}
}

func FuzzRecord(f *testing.F) {
	for _, row := range kinds() {
		f.Add(row.record.marshal())
	}
	f.Add([]byte{recordVersion, 0x7a, 2, 0x28, 7})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := unmarshalRecord(raw)
		if err != nil {
			return
		}
		once := r.marshal()
		again, err := unmarshalRecord(once)
		if twice := again.marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q became %q, %v", once, twice, err)
		}
	})
}
