package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/secret"
)

// TestImportGoesOn stops an import in the middle, and checks that the next one
// makes the rest and nothing twice.
func TestImportGoesOn(t *testing.T) {
	t.Parallel()
	const key = "ZmFrZSBrZXkgb2YgYSBwb2xpY3ksIDMyIGJ5dGVzIGw="
	h, err := hubtest.New(hubtest.Options{PolicyKey: secret.NewText(key)})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	made, stop := map[string]int{}, true
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if stop && len(made) == 2 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		made[r.Method+" "+r.URL.Path]++
		h.Service().ServeHTTP(w, r)
	}))
	defer api.Close()
	dir := t.TempDir()
	list := "dev_eui,join_eui,app_key\n"
	for i := range 4 {
		list += fmt.Sprintf("70B3D57ED000000%d,0000000000000000,8F1120CE5A3B77E1094C6D2B10FA99E%d\n", i, i)
	}
	for name, text := range map[string]string{
		"gatewayd.toml": "nodes_file = \"nodes.toml\"\n[hub]\nhost = \"contoso.azure-devices.net\"\ntier = \"S3\"\n[[concentrator]]\ntype = \"basicstation\"\nregion = \"EU868\"\n",
		"nodes.toml":    "# mine\n",
		"list.csv":      list,
		"policy":        "HostName=contoso.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=" + key + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	imports := func() (int, string) {
		var stdout, stderr bytes.Buffer
		code := run([]string{
			"nodes", "import", "--config", in("gatewayd.toml"), "--create-devices", "--hub-policy", "file:" + in("policy"), "--hub-api", api.URL, in("list.csv"),
		}, func(string) string { return "" }, &stdout, &stderr)
		return code, stdout.String() + stderr.String()
	}
	if code, said := imports(); code != exitFailure || !strings.Contains(said, "2 added, 0 same, 0 skipped, 0 in conflict, 0 invalid, 2 pending") {
		t.Fatalf("stopped: %d, %s", code, said)
	}
	mu.Lock()
	stop = false
	mu.Unlock()
	if code, said := imports(); code != exitOK || !strings.Contains(said, "2 added, 2 same, 0 skipped") {
		t.Fatalf("again: %d, %s", code, said)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(made) != 4 {
		t.Errorf("requests: %v", made)
	}
	nodes, err := os.ReadFile(in("nodes.toml"))
	if err != nil || !bytes.HasPrefix(nodes, []byte("# mine\n")) || bytes.Count(nodes, []byte("device_key = ")) != 4 {
		t.Errorf("%s, %v", nodes, err)
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"check", "--config", in("gatewayd.toml")}, func(string) string { return "" }, &stdout, &stderr); code != exitOK {
		t.Errorf("check: %s", &stderr)
	}
}
