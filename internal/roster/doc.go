// Package roster reads lists of nodes in the forms in which other systems and
// people keep them - CSV, exports of Azure IoT Hub, ChirpStack and The Things
// Stack - and keeps the [[node]] tables of a nodes_file.
//
// It knows texts and keys; whether a node can be served is said by package
// config, of the whole configuration with the node in it.
package roster
