// Package hubtest is an Azure IoT Hub for tests, and a Device Provisioning
// Service in front of it: real TLS, MQTT 3.1.1 over TCP and WebSocket, SAS
// tokens and X.509 certificates, device-to-cloud and cloud-to-device messages,
// device twins, direct methods, modules, the throttles and quotas of the
// tiers, the service API over HTTP, and faults on order. It behaves as the
// hub's classic endpoint does, which is not how a broker behaves: it closes
// the connection on unknown topics, on QoS 2 and on a second connection of the
// same device, retains nothing, and never says why.
//
// It shares no code with the client in package hub: an emulator that reads
// tokens and topics with its client's own code would agree with its mistakes.
//
// Where Microsoft's documentation is silent or observations differ, Options
// and Quirks choose, and their comments say what the default is. Sources are
// Microsoft's pages "Communicate with an IoT hub using the MQTT protocol",
// "Control access with shared access signatures", "Understand cloud-to-device
// messaging", "Understand and use device twins", "Understand and invoke direct
// methods", "IoT Hub quotas and throttling", "Communicate with DPS using the
// MQTT protocol", the device SDKs, and the azure-iot-protocol-gateway. In one
// thing it is more lenient than the real hub: where clients name the hub they
// may say "host:port", for an emulator has many ports.
//
// A test needs four lines:
//
//	h, err := hubtest.New(hubtest.Options{})
//	err = h.AddDevice("lora1", key)
//	err = h.Listen("127.0.0.1:0") // then connect to h.Addr() with h.ClientTLS()
//	messages, err := h.WaitMessages(ctx, 3)
//
// A connection is one goroutine, which reads; whoever has something for the
// device writes, or leaves it to a goroutine that lives until nothing waits.
// Ten thousand connections take about 20 KB each.
package hubtest
