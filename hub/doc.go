// Package hub is the Azure IoT Hub side: credentials (SAS), topics and
// property bags (pure), one MQTT 3.1.1 connection per device, and the
// supervisor of all of them.
//
// Protocol facts follow Microsoft's "Communicate with an IoT hub using the
// MQTT protocol" and "Control access with shared access signatures", classic
// connection profile.
package hub
