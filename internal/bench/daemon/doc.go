// Package daemon benchmarks the whole daemon, as a process of its own: a
// concentrator that speaks its wire on one side, a hub over TLS on the other,
// and a clock on both. Nothing of it ships, so all of it is tests.
package daemon
