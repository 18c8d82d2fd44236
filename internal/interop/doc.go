// Package interop has no code, only tests with the build tag interop: clients
// that are not ours against "gatewayd emulate-hub" - Eclipse Paho for Python,
// MQTT.js, Microsoft's device, provisioning and service SDKs for Node.js - and
// our client against a broker that is not ours, Eclipse Mosquitto. "make
// test-interop" installs them and runs the tests. Two of the SDKs' ways in
// know no other port than 443; their tests are skipped where that cannot be
// listened at.
//
// The clients' exit codes prove nothing (MQTT.js exits with 0 when refused):
// what the emulator recorded is what counts.
package interop
