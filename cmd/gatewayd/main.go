// Command gatewayd carries LoRaWAN uplinks from a concentrator on a serial
// port to Azure IoT Hub, each node as a device of its own.
package main

import (
	"os"
)

// version is set by the linker.
var version = "devel"

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}
