// Package forwarded holds what the drivers of concentrators that another
// program runs have in common: packet forwarders and Concentratord. Such a
// driver cannot ask for the concentrator's time; it knows it only from the
// time stamps of the frames that are forwarded to it. Nothing here does I/O.
package forwarded
