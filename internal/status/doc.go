// Package status serves how the daemon is over HTTP: to people, to Prometheus and
// to whatever restarts machines.
package status
