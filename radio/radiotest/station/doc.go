// Package station is a gateway on which LoRa Basics Station runs, without
// hardware: it asks /router-info where to connect, sets its radio up from
// router_config, takes frames apart into jreq, updf and propdf, and sends what
// dnmsg tells it to, or drops it in silence, as the real one does. It shares
// no code with the server that it is there to test.
//
// Source: "The LNS Protocol" of Basics Station's documentation, and s2e.c and
// lora.c of station 2.0.6.
package station
