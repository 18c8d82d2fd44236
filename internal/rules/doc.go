// Package rules has no code, only tests: what this repository promises about
// itself as a whole - who may import whom and why, what no file may contain,
// what the documents and the systemd unit must say.
package rules
