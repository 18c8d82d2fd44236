// Package interop has no code, only tests with the build tag interop: MQTT
// clients that are not ours against "gatewayd emulate-hub" - Eclipse Paho for
// Python, MQTT.js, Microsoft's device SDK for Node.js - and our client against
// a broker that is not ours, Eclipse Mosquitto. "make test-interop" installs
// them and runs the tests.
//
// The clients' exit codes prove nothing (MQTT.js exits with 0 when refused):
// what the emulator recorded is what counts.
package interop
