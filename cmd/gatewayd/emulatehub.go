package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
	"gatewayd/internal/secret"
)

// emulateFlags are the command line of emulate-hub.
type emulateFlags struct {
	listen, hostname, caOut, record string
	webSocket                       string
	dps, idScope, groupKey          string
	admin, policyKey                string
	adminTLS                        bool
	tier                            string
	quota                           int
	devices                         []string
}

func (a *app) emulateHubCommand() *cobra.Command {
	var f emulateFlags
	c := &cobra.Command{
		Use:   "emulate-hub",
		Short: "Run an IoT Hub emulator",
		Long: "Run an IoT Hub emulator over TLS and MQTT 3.1.1 until SIGTERM or SIGINT, and a Device Provisioning Service " +
			"with --dps-listen. It makes its own certificate authority at each start, and checks tokens, certificates, " +
			"topics and properties as IoT Hub does.\n\n" +
			"--admin serves the paths of IoT Hub's service API (/devices, /twins, /twins/ID/methods, /devices/query), " +
			"which also sends C2D messages (POST /devices/ID/messages/devicebound), and, for tests, /emulator/messages, " +
			"/emulator/events, /emulator/faults, /emulator/clock and /emulator/dps/enrollments. It speaks plain HTTP: " +
			"--admin-tls makes it HTTPS, which Microsoft's service SDKs insist on, with a certificate of the emulator's " +
			"authority. With --policy-key the service API wants a token of the policy iothubowner; /emulator never asks.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.emulateHub(f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8883", "`HOST:PORT` for MQTT over TLS")
	c.Flags().StringVar(&f.webSocket, "ws-listen", "", "`HOST:PORT` for MQTT over WebSocket; the real hub's port is 443")
	c.Flags().StringVar(&f.hostname, "hostname", "localhost", "the hub's host `NAME`, as in user names and tokens")
	c.Flags().StringArrayVar(&f.devices, "device", nil, "`ID=BASE64KEY` of a device; may be repeated")
	c.Flags().StringVar(&f.tier, "tier", "", "throttles and daily quota of a `TIER`: F1, S1, S2 or S3 (default: none)")
	c.Flags().IntVar(&f.quota, "quota", 0, "take `N` messages a day (default: those of the tier)")
	c.Flags().StringVar(&f.dps, "dps-listen", "", "`HOST:PORT` of a Device Provisioning Service for this hub")
	c.Flags().StringVar(&f.idScope, "id-scope", "", "the provisioning service's ID `SCOPE`, e.g. 0ne00000000")
	c.Flags().StringVar(&f.groupKey, "group-key", "", "`BASE64` key of an enrolment group there")
	c.Flags().StringVar(&f.caOut, "ca-out", "", "write the certificate to trust to `FILE`, once everything listens")
	c.Flags().StringVar(&f.record, "record", "", "append one JSON object per event to `FILE`")
	c.Flags().StringVar(&f.admin, "admin", "", "serve the service API and the test interface on `HOST:PORT`")
	c.Flags().BoolVar(&f.adminTLS, "admin-tls", false, "serve them over HTTPS")
	c.Flags().StringVar(&f.policyKey, "policy-key", "", "`BASE64` key of the policy iothubowner, for the service API's tokens")
	return c
}

// check finds what is wrong with the command line before anything starts.
func (f emulateFlags) check() error {
	name, _, err := hub.ParseHost(f.hostname)
	if err != nil || name != f.hostname {
		return usagef("--hostname: want a host name without port, e.g. contoso.azure-devices.net")
	}
	for flag, addr := range map[string]string{"listen": f.listen, "ws-listen": f.webSocket, "dps-listen": f.dps, "admin": f.admin} {
		if _, _, err := net.SplitHostPort(addr); err != nil && (addr != "" || flag == "listen") {
			return usagef("--%s %q: want HOST:PORT", flag, addr)
		}
	}
	tiers := []hubtest.Tier{hubtest.TierNone, hubtest.TierF1, hubtest.TierS1, hubtest.TierS2, hubtest.TierS3}
	switch {
	case !slices.Contains(tiers, hubtest.Tier(f.tier)):
		return usagef("--tier %q: want F1, S1, S2 or S3", f.tier)
	case f.quota < 0:
		return usagef("--quota %d: want 0 or more messages a day", f.quota)
	case f.dps != "" && f.idScope == "":
		return usagef("--dps-listen needs an --id-scope, e.g. 0ne00000000")
	case f.dps == "" && f.idScope+f.groupKey != "":
		return usagef("--id-scope and --group-key are for --dps-listen, which is missing")
	case f.admin == "" && (f.adminTLS || f.policyKey != ""):
		return usagef("--admin-tls and --policy-key are for --admin, which is missing")
	}
	return nil
}

func (a *app) emulateHub(f emulateFlags) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	o := hubtest.Options{
		Hostname: f.hostname, Tier: hubtest.Tier(f.tier), Quota: f.quota, PolicyKey: secret.NewText(f.policyKey),
	}
	if o.Log, err = newLogger(a.stderr, "warn", "auto", a.getenv); err != nil {
		return err
	}
	if f.record != "" {
		file, err := os.OpenFile(f.record, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("--record: %w", err)
		}
		defer func() { _ = file.Close() }()
		o.Record = file
	}
	h, err := hubtest.New(o)
	if err != nil {
		return usagef("emulate-hub: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := addDevices(h, f.devices); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return a.serveEmulator(ctx, h, f)
}

func addDevices(h *hubtest.Hub, devices []string) error {
	seen := map[string]bool{}
	for _, d := range devices {
		id, key, ok := strings.Cut(d, "=")
		if seen[id] {
			return usagef("--device %s: given twice", id)
		}
		seen[id] = true
		if !ok || id == "" || key == "" {
			return usagef("--device: want ID=BASE64KEY") // not quoted: it may hold a key
		}
		if err := h.AddDevice(id, key); err != nil {
			return usagef("--device %s: %w", id, err)
		}
	}
	return nil
}

// writeWhole writes a file that is never seen half written.
func writeWhole(path string, content []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, content, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
