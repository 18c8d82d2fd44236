package codec

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRemote(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		data   string
		err    string
	}{
		"good": {func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if r.URL.Path != "/api/Climate" || q.Get("devEUI") != "70B3D57ED0000001" || q.Get("fport") != "7" || q.Get("payload") != "+/8=" {
				t.Errorf("asked %s", r.URL)
			}
			_, _ = w.Write([]byte(`{"temperature":21.5}`))
		}, `{"temperature":21.5}`, ""},
		"refuses":  {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadRequest) }, "null", "400"},
		"no JSON":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }, "null", "no JSON"},
		"too much": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, remoteMost+1)) }, "null", "more than"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "null", "302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(tt.answer))
			defer s.Close()
			c, err := Load(s.URL+"/api/Climate", Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := c.DecodeUplink(t.Context(), Uplink{DevEUI: "70B3D57ED0000001", FPort: 7, Bytes: []byte{0xFB, 0xFF}})
			if string(got.Data) != tt.data || (tt.err == "") != (len(got.Errors) == 0) || tt.err != "" && !strings.Contains(got.Errors[0], tt.err) {
				t.Errorf("got %s, %q", got.Data, got.Errors)
			}
			if tt.err != "" && strings.Contains(got.Errors[0], "payload=") {
				t.Errorf("the error has the payload in it: %s", got.Errors[0])
			}
		})
	}
	for _, bad := range []string{"http://", "http://a:b@host/x", "http://host/x?y=1", "http://[::1"} {
		if CheckURL(bad) == nil {
			t.Errorf("%s passes for a decoder", bad)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c, err := Load(gone.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.DecodeUplink(t.Context(), Uplink{Bytes: []byte{1}}); len(got.Errors) != 1 || strings.Contains(got.Errors[0], "payload=") {
		t.Errorf("nobody there: %+v", got)
	}
}

func TestKitDecoders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, payload, data string }{
		{KitValue, "23.5", `{"value":23.5}`},
		{KitValue, "-7", `{"value":-7}`},
		{KitValue, "100000000000", `{"value":100000000000}`},
		{KitValue, "hello", `{"value":"hello"}`},
		{KitValue, "", `{"value":""}`},
		{KitValue, "0x10", `{"value":"0x10"}`},
		{KitValue, "NaN", `{"value":"NaN"}`},
		{KitHex, "\x01\x02\x04\x08\xff", `{"value":"01020408FF"}`},
	} {
		c, err := Load(tt.name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.DecodeUplink(t.Context(), Uplink{Bytes: []byte(tt.payload)}); string(got.Data) != tt.data || len(got.Errors) > 0 {
			t.Errorf("%s of %q: %s, %q, want %s", tt.name, tt.payload, got.Data, got.Errors, tt.data)
		}
	}
	c, err := Load(KitValue, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.DecodeUplink(t.Context(), Uplink{Bytes: []byte{0xFF}}); len(got.Errors) != 1 {
		t.Errorf("no text: %+v", got)
	}
}
