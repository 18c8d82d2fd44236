package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// demoPrinter shows the demo: lines for people, or JSON.
type demoPrinter struct {
	mu    sync.Mutex
	w     io.Writer
	json  *json.Encoder // nil for people
	lines int
}

func newDemoPrinter(w io.Writer, asJSON bool) *demoPrinter {
	p := &demoPrinter{w: w}
	if asJSON {
		p.json = json.NewEncoder(w)
	}
	return p
}

// say prints a line for people.
func (p *demoPrinter) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.json == nil {
		fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *demoPrinter) intro(s *stage, nodes int) {
	p.say("gatewayd demo: the whole path, without hardware and cloud")
	p.say("  concentrator  simulated PicoCell on the pseudo-terminal %s", s.picocell.Path())
	p.say("  on the air    %s, two on one DevAddr, two that join", count(nodes, "node"))
	p.say("  hub           IoT Hub emulator on %s, TLS and MQTT 3.1.1", s.hub.Addr())
	p.say("  page          http://%s/ in a browser", s.page)
	p.say("bringing the concentrator up: registers, firmware, two calibrations of 2.3 s ...")
}

func (p *demoPrinter) ready() {
	p.say("receiving; each line is a message that has arrived at the hub (Ctrl-C stops)")
	p.say("")
}

// headerEvery is after how many lines the column heads come again.
const headerEvery = 20

func (p *demoPrinter) arrival(m arrival) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.json != nil {
		_ = p.json.Encode(m)
		return
	}
	if p.lines%headerEvery == 0 {
		fmt.Fprintf(p.w, "%-8s  %-10s  %5s  %5s  %-16s  %-9s  %8s  %6s  %5s  %s\n",
			"TIME", "DEVICE", "FCNT", "FPORT", "PAYLOAD", "RATE", "MHZ", "RSSI", "SNR", "AIR TO HUB")
	}
	p.lines++
	port := "-"
	if m.FPort != nil {
		port = fmt.Sprint(*m.FPort)
	}
	fmt.Fprintf(p.w, "%-8s  %-10s  %5d  %5s  %-16s  %-9s  %8.3f  %6.1f  %5.1f  %v\n",
		m.At.Local().Format(time.TimeOnly), m.DeviceID, m.FCnt, port, m.Payload, m.DataRate,
		float64(m.Freq)/1e6, m.RSSI, m.SNR, m.At.Sub(m.Received).Round(time.Millisecond))
}

func (p *demoPrinter) problem(text string) { p.say("PROBLEM: %s", text) }

func (p *demoPrinter) draining() {
	p.say("\nstopping: the nodes fall silent, the last frames are on their way ...")
}

func (p *demoPrinter) summary(r demoResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.json != nil {
		_ = p.json.Encode(r)
		return
	}
	fmt.Fprintf(p.w, "%s sent, %d not heard (the concentrator was sending itself), %d arrived, %d lost, %d accepted twice\n",
		count(r.Sent, "frame"), r.NotHeard, r.Arrived, r.Lost, r.Accepted2x)
	fmt.Fprintf(p.w, "%d of %d confirmed frames acknowledged in a receive window, %s joined\n", r.Acked, r.Confirmed, count(r.Joined, "node"))
	if r.LateSends > 0 {
		fmt.Fprintf(p.w, "%s reached the concentrator too late: this machine is busy with something else\n", count(int(r.LateSends), "downlink"))
	}
	for _, v := range r.Violations {
		fmt.Fprintln(p.w, "VIOLATION:", v)
	}
}
