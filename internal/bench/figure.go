package bench

import (
	"fmt"
	"math"
	"strconv"
)

// figure is one line of the table.
type figure struct {
	what  string
	unit  string
	goal  float64
	kind  kind
	value func(results) (float64, error)

	maybe bool // is left out if it has not been measured
}

// kind says what a figure's goal is.
type kind uint8

const (
	noGoal kind = iota // for comparison only
	most
	least
)

// of is a measurement as it is.
func of(bench, unit string) func(results) (float64, error) { return scaled(bench, unit, 1) }

// scaled is a measurement times a factor.
func scaled(bench, unit string, factor float64) func(results) (float64, error) {
	return func(r results) (float64, error) {
		v, ok := r[key{bench, unit}]
		if !ok {
			return 0, fmt.Errorf("benchmark %s does not report %s", bench, unit)
		}
		return v * factor, nil
	}
}

// both combines two measurements.
func both(a, b func(results) (float64, error), combine func(a, b float64) float64) func(results) (float64, error) {
	return func(r results) (float64, error) {
		x, err := a(r)
		if err != nil {
			return 0, err
		}
		y, err := b(r)
		return combine(x, y), err
	}
}

// excess is how much a is more than b; less is chance.
func excess(a, b float64) float64 { return max(a-b, 0) }

func over(a, b float64) float64 { return a / b }

// figures are the goals of the project that a benchmark stands for, and what
// helps to judge them.
func figures() []figure {
	const (
		answer, quiet, flood = "bridge.Answer", "internal/faults.Flood/bad=0", "internal/faults.Flood/bad=5000"
		frame                = "bridge/crypt.Frame"
		reused, fresh, byGo  = "bridge/codec.Decode/reused", "bridge/codec.Decode/fresh", "bridge/codec.Decode/go"
		paced1, paced200     = "internal/store.Paced/1-per-second", "internal/store.Paced/200-per-second"
		commit1, commit100   = "internal/store.Commit/1-per-commit", "internal/store.Commit/100-per-commit"
		idle, tls            = "hub.IdleConnections/hub", "hub.IdleConnections/tls"
		emulator             = "hub/hubtest.Connections"
		rig                  = "internal/bench/daemon."
		disk, memory         = rig + "Serial/disk", rig + "Serial/memory"
		sustained            = rig + "Sustained"
		ours, minimal, peer  = rig + "Bridge/gatewayd", rig + "Bridge/minimal", rig + "Bridge/chirpstack"
		idle5000, paho5000   = "hub@5000.IdleConnections/hub", "hub@5000.IdleConnections/paho"
		stormHub, stormTLS   = "hub.Reconnect/hub", "hub.Reconnect/tls"
	)
	perFrame := func(bench string) func(results) (float64, error) { return of(bench, "cpu-µs/frame") }
	return []figure{
		{what: "confirmed uplink to answer on the schedule, 200/s, 1,000 nodes, p50", unit: "ms", value: of(answer, "ms/p50")},
		{what: "the same, p99", unit: "ms", goal: 50, kind: most, value: of(answer, "ms/p99")},
		{what: "the same, worst", unit: "ms", value: of(answer, "ms/max")},
		{what: "uplinks answered", unit: "%", goal: 100, kind: least, value: of(answer, "%answered")},
		{what: "answer in a flood of 5,000 bad frames/s, p99", unit: "ms", value: of(flood, "ms/p99")},
		{what: "what the flood takes of the margin, p99", unit: "ms", goal: 50, kind: most, value: both(of(flood, "ms/p99"), of(quiet, "ms/p99"), excess)},
		{what: "the same, worst", unit: "ms", goal: 50, kind: most, value: both(of(flood, "ms/max"), of(quiet, "ms/max"), excess)},
		{what: "serial line to PUBLISH, JavaScript codec and commit, 200/s, 1,000 nodes, p50", unit: "ms", goal: 5, kind: most, value: of(disk, "ms/p50")},
		{what: "the same, p99", unit: "ms", goal: 25, kind: most, value: of(disk, "ms/p99")},
		{what: "the same without waiting for a disk, p50", unit: "ms", goal: 1, kind: most, value: of(memory, "ms/p50")},
		{what: "frames per second, each committed, of 2,000 offered", unit: "/s", goal: 1950, kind: least, value: of(sustained, "frames/s")},
		{what: "frames lost of them", goal: 0, kind: most, value: of(sustained, "lost")},
		{what: "CPU per frame then", unit: "µs", value: perFrame(sustained)},
		{what: "CPU per frame at 100/s, TLS, QoS 1", unit: "µs", value: perFrame(ours)},
		{what: "the same of a minimal bridge without LoRaWAN", unit: "µs", value: perFrame(minimal)},
		{what: "gatewayd over the minimal bridge", unit: "x", value: both(perFrame(ours), perFrame(minimal), over)},
		{what: "gatewayd over chirpstack-gateway-bridge", unit: "x", goal: 0.8, kind: most, value: both(perFrame(ours), perFrame(peer), over), maybe: true},
		{what: "resident with 20 nodes, idle", unit: "MB", goal: 20, kind: most, value: of(rig+"Idle", "RSS-MB")},
		{what: "of that not pages of the binary's file", unit: "MB", value: of(rig+"Idle", "anon-MB")},
		{what: "CPU when the air is silent, PicoCell polled", unit: "% of a core", goal: 0.3, kind: most, value: of(rig+"Idle", "%core")},
		{what: "start to first accepted frame, 1,000 nodes", unit: "ms", goal: 500, kind: most, value: of(rig+"Start", "ms/start")},
		{what: "binary for ARM, stripped", unit: "MiB", goal: 20, kind: most, value: of(rig+"Binary", "MiB"), maybe: true},
		{what: "MIC and decryption, 51 bytes", unit: "µs", goal: 0.6, kind: most, value: scaled(frame, "ns/op", 1e-3)},
		{what: "allocations of that", unit: "", goal: 0, kind: most, value: of(frame, "allocs/op")},
		{what: "JavaScript codec, runtime reused", unit: "µs", value: scaled(reused, "ns/op", 1e-3)},
		{what: "the same, over hand-written Go", unit: "x", goal: 4.5, kind: most, value: both(of(reused, "ns/op"), of(byGo, "ns/op"), over)},
		{what: "the same with a new runtime for each call", unit: "x", value: both(of(fresh, "ns/op"), of(byGo, "ns/op"), over)},
		{what: "device bytes per uplink, 1/s, each its own commit", unit: "KB", goal: 12, kind: most, value: scaled(paced1, "device-B/uplink", 1e-3)},
		{what: "device bytes per uplink, 200/s, each its own commit", unit: "KB", goal: 1, kind: most, value: scaled(paced200, "device-B/uplink", 1e-3)},
		{what: "device bytes per uplink, one per commit, full speed", unit: "KB", value: scaled(commit1, "device-B/uplink", 1e-3)},
		{what: "commits per second, one uplink each", unit: "/s", value: perSecond(commit1)},
		{what: "device bytes per uplink, 100 per commit, full speed", unit: "KB", value: scaled(commit100, "device-B/uplink", 1e-3)},
		{what: "idle hub connection, resident", unit: "KiB", goal: 25, kind: most, value: of(idle, "KiB/conn")},
		{what: "the same after a garbage collection", unit: "KiB", goal: 18, kind: most, value: of(idle, "KiB-after-GC/conn")},
		{what: "a bare crypto/tls connection, resident", unit: "KiB", value: of(tls, "KiB/conn")},
		{what: "CPU of 1,000 idle hub connections", unit: "ms/s", goal: 0.2, kind: most, value: of(idle, "idle-ms/s/1000conn")},
		{what: "client CPU per connect", unit: "ms", value: of(idle, "connect-ms/conn")},
		{what: "goroutines per hub connection", unit: "", value: of(idle, "goroutines/conn")},
		{what: "with 5,000: idle hub connection, resident", unit: "KiB", goal: 25, kind: most, value: of(idle5000, "KiB/conn"), maybe: true},
		{what: "the same after a garbage collection", unit: "KiB", goal: 18, kind: most, value: of(idle5000, "KiB-after-GC/conn"), maybe: true},
		{what: "the same over a connection of paho's client", unit: "x", value: both(of(idle5000, "KiB-after-GC/conn"), of(paho5000, "KiB-after-GC/conn"), over), maybe: true},
		{what: "CPU of 1,000 of 5,000 idle hub connections", unit: "ms/s", goal: 0.2, kind: most, value: of(idle5000, "idle-ms/s/1000conn"), maybe: true},
		{what: "5,000 connections come back, per second", unit: "/s", value: of(stormHub, "conn/s"), maybe: true},
		{what: "the same over a loop of TLS handshakes", unit: "x", goal: 0.8, kind: least, value: both(of(stormHub, "conn/s"), of(stormTLS, "conn/s"), over), maybe: true},
		{what: "memory at most then, over before", unit: "x", goal: 1.5, kind: most, value: of(stormHub, "peak/settled"), maybe: true},
		{what: "emulator: memory per connection, 10,000 of them", unit: "KB", value: scaled(emulator, "B/conn", 1e-3)},
		{what: "emulator: C2D messages per second", unit: "/s", value: of(emulator, "c2d/s")},
	}
}

// perSecond is how often a benchmark's loop runs in a second.
func perSecond(bench string) func(results) (float64, error) {
	return func(r results) (float64, error) {
		ns, err := of(bench, "ns/op")(r)
		return 1e9 / ns, err
	}
}

// line is a figure that has been measured.
type line struct {
	figure
	got float64
}

// measured looks up every figure.
func measured(r results) ([]line, error) {
	var lines []line
	for _, f := range figures() {
		v, err := f.value(r)
		if err != nil && f.maybe {
			continue
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{f, v})
	}
	return lines, nil
}

// met reports whether the goal is reached; true if there is none.
func (l line) met() bool {
	switch l.kind {
	case most:
		return l.got <= l.goal
	case least:
		return l.got >= l.goal
	case noGoal:
	}
	return true
}

// cells are the line's columns: what, figure, goal, ratio, verdict.
func (l line) cells() []string {
	cells := []string{l.what, number(l.got, l.unit), "", "", ""}
	if l.kind == noGoal {
		return cells
	}
	sign := "≤ "
	if l.kind == least {
		sign = "≥ "
	}
	cells[2] = sign + number(l.goal, l.unit)
	if l.goal != 0 {
		cells[3] = strconv.FormatFloat(l.got/l.goal, 'f', 2, 64)
	}
	cells[4] = "met"
	if !l.met() {
		cells[4] = "MISSED"
	}
	return cells
}

// number has three significant digits and its unit.
func number(v float64, unit string) string {
	digits := 0
	if a := math.Abs(v); a > 0 && a < 100 && v != math.Trunc(v) {
		digits = max(0, 2-int(math.Floor(math.Log10(a))))
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if unit == "" {
		return text
	}
	return text + " " + unit
}
