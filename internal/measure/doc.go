// Package measure tells what a machine is good for: what a frame, a codec, a
// commit to its disk and a connection cost there. "gatewayd bench" prints it; the
// project's own goals are in internal/bench.
package measure
