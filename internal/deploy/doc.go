// Package deploy has no code, only tests with the build tag deploy: the Debian
// package under a real systemd. A Debian made by debootstrap boots in a
// container; the package is installed there, upgraded and purged, and in
// between runs as on a Pi, with simulated nodes, a simulated PicoCell on a
// pseudo-terminal and "gatewayd emulate-hub" beside it.
//
// "make test-deploy" prepares the root and runs the tests, as root. "make
// test-pi" does the same with the packages for a 32-bit Pi, on an emulated CPU.
package deploy
