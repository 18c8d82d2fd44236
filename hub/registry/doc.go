// Package registry makes devices in an IoT hub through its service API, with a
// shared access policy. The daemon never uses it: a policy opens every device
// of the hub and belongs on no gateway.
package registry
