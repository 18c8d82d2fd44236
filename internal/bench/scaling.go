package bench

import (
	"fmt"
	"strings"
)

// notes explain lines of the table.
const notes = `
The minimal bridge is the least that a bridge of packet forwarders does: UDP, JSON and paho's client. It does no LoRaWAN, decodes
nothing, and what it has not sent yet is lost with the power. gatewayd's CPU time with it is for MIC, decryption, JavaScript codec, a
commit to disk for each frame, and 1,000 connections. A chirpstack-gateway-bridge, of which the Go module proxy has no copy, is
measured where its binary is named. Latency counts from the moment a frame is on the serial line, CPU time is the process's own,
system included.
`

// scaling is the table of what the number of nodes changes, if it has been
// measured.
func scaling(b *strings.Builder, r results) {
	rows := [][]string{{"nodes", "resident, idle", "resident, at 100/s", "CPU, idle", "CPU per frame", "p50", "p99"}}
	for _, nodes := range []int{10, 100, 1000, 10_000} {
		name := fmt.Sprintf("internal/bench/daemon.Scale/nodes=%d", nodes)
		if _, ok := r[key{name, "ms/p50"}]; !ok {
			return
		}
		row := []string{fmt.Sprint(nodes)}
		for _, c := range []struct{ unit, shown string }{
			{"idle-RSS-MB", "MB"}, {"RSS-MB", "MB"}, {"idle-ms/s", "ms/s"}, {"cpu-µs/frame", "µs"}, {"ms/p50", "ms"}, {"ms/p99", "ms"},
		} {
			row = append(row, number(r[key{name, c.unit}], c.shown))
		}
		rows = append(rows, row)
	}
	b.WriteString("\n## Scaling\n\n100 frames a second over UDP, whatever the number of nodes; everything on as above.\n\n")
	grid(b, rows)
}
