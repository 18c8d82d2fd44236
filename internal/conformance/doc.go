// Package conformance holds one table of scenarios that every driver of a
// concentrator must pass: a real bridge above it, a peer that speaks its wire
// byte for byte below, and simulated nodes around that judge what is emitted.
// Where a driver may differ from the others, its entry in the table of drivers
// says so.
package conformance
