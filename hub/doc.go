// Package hub is the Azure IoT Hub side: credentials (SAS, X.509), topics and
// property bags (pure), one MQTT 3.1.1 connection per device over TLS or
// WebSocket, the supervisor of all of them, twins, direct methods,
// cloud-to-device messages, the Device Provisioning Service and the account of
// a hub's daily messages.
//
// What comes from the hub goes to a Handler, what goes to it comes from a Feed
// and from Reports. An idle device takes one goroutine; what is to be done for
// it is done in others, which live while there is something to do.
//
// Protocol facts follow Microsoft's "Communicate with an IoT hub using the
// MQTT protocol" and the pages that it links to, classic connection profile.
package hub
