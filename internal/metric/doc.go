// Package metric counts durations and writes figures in Prometheus' text format.
package metric
