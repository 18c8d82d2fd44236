package main

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatewayd/hub"
	"gatewayd/internal/metric"
)

// metrics writes every figure of the daemon. docs/metrics.md lists them; their
// names are a promise to dashboards.
func (d *daemon) metrics(ctx context.Context, t *metric.Text) {
	s := d.snapshot()
	t.Family("gatewayd_build_info", metric.Gauge, "The version that runs; always 1.")
	t.Sample(1, metric.Label{Name: "version", Value: s.Version}, metric.Label{Name: "goversion", Value: runtime.Version()})
	t.One("gatewayd_start_time_seconds", metric.Gauge, "When the daemon started, since 1970.", float64(s.Started.UnixNano())/1e9)
	t.One("gatewayd_clock_trusted", metric.Gauge, "Whether the time can be believed.", metric.Bool(s.ClockTrusted))
	frameMetrics(t, s.Frames)
	d.radioMetrics(ctx, t)
	storeMetrics(t, s.Outbox)
	d.hubMetrics(t, s)
	d.processMetrics(t)
	if d.cfg.Status.NodeMetrics {
		d.nodeMetrics(ctx, t)
	}
}

func frameMetrics(t *metric.Text, f framesStatus) {
	t.One("gatewayd_uplinks_accepted_total", metric.Counter, "Data uplinks that are on disk.", float64(f.Accepted))
	t.One("gatewayd_joins_answered_total", metric.Counter, "Join and rejoin requests that were answered.", float64(f.Joined))
	t.Family("gatewayd_frames_dropped_total", metric.Counter, "Frames that were not accepted, by reason.")
	for _, reason := range slices.Sorted(maps.Keys(f.all)) {
		t.Sample(float64(f.all[reason]), metric.Label{Name: "reason", Value: string(reason)})
	}
	t.Family("gatewayd_downlinks_total", metric.Counter, "What became of emissions.")
	for _, x := range []struct {
		result string
		n      uint64
	}{{"sent", f.Sent}, {"unsent", f.Unsent}, {"regulated", f.Refused}, {"acked", f.Acked}} {
		t.Sample(float64(x.n), metric.Label{Name: "result", Value: x.result})
	}
	t.Histogram("gatewayd_window_slack_seconds", "How long before its window an answer was handed to a concentrator.", f.slack)
	t.Histogram("gatewayd_codec_duration_seconds", "How long payloads took to decode.", f.codec)
}

// gatewayLabels tell gateways apart.
func gatewayLabels(g gatewayFigures, more ...metric.Label) []metric.Label {
	return append([]metric.Label{{Name: "concentrator", Value: g.Concentrator}, {Name: "gateway", Value: g.Gateway}}, more...)
}

func (d *daemon) radioMetrics(ctx context.Context, t *metric.Text) {
	list := d.fleet.gateways()
	each := func(name string, kind metric.Kind, help string, value func(gatewayFigures) float64) {
		t.Family(name, kind, help)
		for _, g := range list {
			t.Sample(value(g), gatewayLabels(g)...)
		}
	}
	each("gatewayd_concentrator_up", metric.Gauge, "Whether the concentrator receives.", func(g gatewayFigures) float64 { return metric.Bool(receives(g.State)) })
	each("gatewayd_concentrator_received_total", metric.Counter, "Frames with a good CRC.", func(g gatewayFigures) float64 { return float64(g.Received) })
	each("gatewayd_concentrator_crc_bad_total", metric.Counter, "Frames with a bad CRC, or none.", func(g gatewayFigures) float64 { return float64(g.CRCBad) })
	each("gatewayd_concentrator_malformed_total", metric.Counter, "What was no frame of the concentrator's protocol.", func(g gatewayFigures) float64 { return float64(g.Malformed) })
	each("gatewayd_concentrator_overflow_total", metric.Counter, "Frames dropped because the disk was too slow.", func(g gatewayFigures) float64 { return float64(g.Dropped) })
	each("gatewayd_concentrator_forwarded_total", metric.Counter, "Frames handed on.", func(g gatewayFigures) float64 { return float64(g.Forwarded) })
	each("gatewayd_concentrator_sent_total", metric.Counter, "Downlinks emitted.", func(g gatewayFigures) float64 { return float64(g.Sent) })
	each("gatewayd_concentrator_counter_offset_seconds", metric.Gauge, "Of the concentrator's counter to the host's clock.", func(g gatewayFigures) float64 { return g.Offset })
	each("gatewayd_concentrator_counter_drift_ppm", metric.Gauge, "Of the concentrator's counter against the host's clock.", func(g gatewayFigures) float64 { return g.Drift })
	t.Family("gatewayd_concentrator_last_seen_timestamp_seconds", metric.Gauge, "When the concentrator was heard of last, since 1970.")
	for _, g := range list {
		if g.LastSeen != nil {
			t.Sample(float64(g.LastSeen.UnixNano())/1e9, gatewayLabels(g)...)
		}
	}
	t.Family("gatewayd_concentrator_not_sent_total", metric.Counter, "Downlinks not emitted, by reason.")
	for _, g := range list {
		for _, reason := range slices.Sorted(maps.Keys(g.NotSent)) {
			t.Sample(float64(g.NotSent[reason]), gatewayLabels(g, metric.Label{Name: "reason", Value: string(reason)})...)
		}
	}
	airtime, err := d.airtime(ctx)
	if err != nil {
		return
	}
	t.Family("gatewayd_airtime_ratio", metric.Gauge, "Share of the last hour that was spent sending, by sub-band.")
	for _, a := range airtime {
		t.Sample(a.Share, metric.Label{Name: "concentrator", Value: a.Concentrator}, metric.Label{Name: "gateway", Value: a.Gateway}, metric.Label{Name: "band", Value: a.Band})
	}
}

// receives reports whether a concentrator in that state hears frames: a driver
// that does so itself, or a listener that a gateway has come to.
func receives(state string) bool {
	return strings.HasPrefix(state, "receiving") || strings.HasPrefix(state, "listening") && !strings.Contains(state, ", 0 gateways")
}

func storeMetrics(t *metric.Text, o outboxStatus) {
	t.One("gatewayd_outbox_messages", metric.Gauge, "Messages that wait for the hub.", float64(o.Messages))
	t.One("gatewayd_outbox_bytes", metric.Gauge, "Bytes of these.", float64(o.Bytes))
	t.One("gatewayd_outbox_oldest_seconds", metric.Gauge, "Age of the oldest of these.", float64(o.OldestAge))
	t.One("gatewayd_outbox_dropped_total", metric.Counter, "Messages dropped by the outbox's bounds.", float64(o.Dropped))
	t.One("gatewayd_store_commits_total", metric.Counter, "Commits since the start.", float64(o.StoreCommits))
	t.One("gatewayd_store_device_bytes_total", metric.Counter, "Bytes given to the disk to write since the start, estimated.", float64(o.DeviceBytes))
	t.One("gatewayd_store_device_bytes_per_year", metric.Gauge, "Bytes that a year costs the disk at the rate since the start.", float64(o.YearlyBytes))
	t.One("gatewayd_store_failing", metric.Gauge, "Whether the disk refuses writes.", metric.Bool(o.Failure != ""))
	t.One("gatewayd_frames_held", metric.Gauge, "Frames in memory, unacknowledged, because the disk refuses writes.", float64(o.Held))
}

func (d *daemon) hubMetrics(t *metric.Text, s snapshot) {
	t.Family("gatewayd_hub_devices", metric.Gauge, "Devices by the state of their connection.")
	for _, state := range []hub.State{
		hub.StateWaitingForClock, hub.StateWaitingForCredentials, hub.StateProvisioning, hub.StateConnecting, hub.StateConnected,
		hub.StateIdle, hub.StateBackingOff, hub.StateQuarantined,
	} {
		t.Sample(float64(s.States[state]), metric.Label{Name: "state", Value: string(state)})
	}
	t.Family("gatewayd_hub_failures_total", metric.Counter, "Connections that failed or ended by themselves, by reason.")
	failures := d.hub.Failures()
	for _, reason := range slices.Sorted(maps.Keys(failures)) {
		t.Sample(float64(failures[reason]), metric.Label{Name: "reason", Value: reason})
	}
	var token, certificate time.Time
	for _, x := range d.hub.Status() {
		token, certificate = earlier(token, x.TokenExpires), earlier(certificate, x.CertificateExpires)
	}
	t.Family("gatewayd_hub_credential_expiry_timestamp_seconds", metric.Gauge, "When the first token or certificate in use expires, since 1970.")
	for _, x := range []struct {
		kind string
		at   time.Time
	}{{"token", token}, {"certificate", certificate}} {
		if !x.at.IsZero() {
			t.Sample(float64(x.at.Unix()), metric.Label{Name: "kind", Value: x.kind})
		}
	}
	t.Family("gatewayd_hub_quota_used_messages", metric.Gauge, "Messages of the day, as the hub counts them.")
	for _, q := range s.Quota {
		t.Sample(float64(q.Used), metric.Label{Name: "hub", Value: q.Hub})
	}
	t.Family("gatewayd_hub_quota_limit_messages", metric.Gauge, "Messages that the hub's tier takes a day.")
	for _, q := range s.Quota {
		t.Sample(float64(q.Limit), metric.Label{Name: "hub", Value: q.Hub})
	}
}

// earlier of two times, of which a zero one does not count.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (d *daemon) processMetrics(t *metric.Text) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.One("go_goroutines", metric.Gauge, "Goroutines.", float64(runtime.NumGoroutine()))
	t.One("go_memstats_heap_inuse_bytes", metric.Gauge, "Bytes of heap in use.", float64(m.HeapInuse))
	t.One("go_memstats_sys_bytes", metric.Gauge, "Bytes obtained from the system.", float64(m.Sys))
	if p, ok := readProcess(); ok {
		t.One("process_cpu_seconds_total", metric.Counter, "Processor time used.", p.cpu)
		t.One("process_resident_memory_bytes", metric.Gauge, "Resident memory.", p.resident)
		t.One("process_open_fds", metric.Gauge, "Open file descriptors.", p.descriptors)
	}
}

// maxNodeMetrics bounds the series: nodes beyond it have none.
const maxNodeMetrics = 2000

func (d *daemon) nodeMetrics(ctx context.Context, t *metric.Text) {
	nodes, err := d.nodes(ctx)
	if err != nil {
		return
	}
	nodes = nodes[:min(len(nodes), maxNodeMetrics)]
	each := func(name, help string, value func(nodeStatus) (float64, bool)) {
		t.Family(name, metric.Gauge, help)
		for _, n := range nodes {
			if v, ok := value(n); ok {
				t.Sample(v, metric.Label{Name: "node", Value: n.Session.Node}, metric.Label{Name: "device", Value: n.Device})
			}
		}
	}
	heard := func(v float64, n nodeStatus) (float64, bool) { return v, n.Session.LastSeen != nil }
	each("gatewayd_node_last_seen_timestamp_seconds", "When the node was heard last, since 1970.", func(n nodeStatus) (float64, bool) {
		if n.Session.LastSeen == nil {
			return 0, false
		}
		return float64(n.Session.LastSeen.Unix()), true
	})
	each("gatewayd_node_rssi_dbm", "RSSI of the last uplink.", func(n nodeStatus) (float64, bool) { return heard(float64(n.Session.RSSI), n) })
	each("gatewayd_node_snr_db", "SNR of the last uplink.", func(n nodeStatus) (float64, bool) { return heard(float64(n.Session.SNR), n) })
	each("gatewayd_node_connected", "Whether the node's device is connected.", func(n nodeStatus) (float64, bool) {
		return metric.Bool(n.Connection == hub.StateConnected), true
	})
	each("gatewayd_node_waiting_messages", "Messages of the node that wait for the hub.", func(n nodeStatus) (float64, bool) { return float64(n.Waiting), true })
}

// process is what the kernel says of this one.
type process struct{ cpu, resident, descriptors float64 }

// clockTick is the unit of times in /proc, for every Linux that Go runs on.
const clockTick = 100

// parseStat reads /proc/PID/stat.
func parseStat(text string, page int) (p process, ok bool) {
	fields := fieldsAfterName(text)
	if len(fields) < 22 {
		return p, false
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	pages, err3 := strconv.ParseFloat(fields[21], 64)
	return process{cpu: (user + system) / clockTick, resident: pages * float64(page)}, err1 == nil && err2 == nil && err3 == nil
}
