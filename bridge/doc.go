// Package bridge is the only place where radio and hub meet. It owns every
// node's session - keys, counters, nonces - decides which frames are
// accepted, makes them durable, answers in the node's receive windows, and
// hands each node's messages to that node's own IoT Hub connection.
//
// One goroutine, Bridge.Run, owns all of that state; others send it values.
// It never waits for the hub.
package bridge
