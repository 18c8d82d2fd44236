// Package config reads gatewayd's TOML configuration into a validated
// Config.
//
// A file passes three stages: its text becomes a tree and an index of where
// each key stands; the tree is decoded strictly over the defaults into the
// raw structs, which mirror the file; the raw structs are validated into
// Config, which the rest of the program uses and which needs no second look.
// A key that one stage refuses is left out and the next stage goes on, so
// that one run reports every mistake, each as
//
//	file:line:col: key: what is wrong, and what to do
//
// If there is none, what nodes use of their region is compared with what the
// concentrators hear and send. Of gateways that are set up elsewhere nothing is
// known here.
//
// A secret may stand in the file, or the file says where it is kept: in another
// file, in a credential of systemd, or in the environment.
//
// Neither an error nor a warning ever quotes a key, a token or a connection
// string.
package config
