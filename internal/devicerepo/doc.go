// Package devicerepo reads descriptions of LoRaWAN devices as others publish
// them - the Device Repository of The Things Network, and ChirpStack's device
// profiles - and makes profiles of them, each with its codec and the examples
// of that.
//
// Sources: the README files of TheThingsNetwork/lorawan-devices and
// chirpstack/chirpstack-device-profiles; device_profile_template.proto of
// ChirpStack.
package devicerepo
