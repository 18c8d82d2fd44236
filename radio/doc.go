// Package radio holds the domain types of the air - uplinks, downlinks, the
// concentrator's time, data rates, the results of emissions - and the one
// interface that every concentrator driver implements. Drivers live in
// sub-packages; nothing here does I/O.
//
// Units everywhere: frequencies in Hz, power in dBm EIRP, RSSI in dBm, SNR in
// dB, durations as time.Duration.
package radio
