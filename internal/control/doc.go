// Package control carries JSON over a Unix socket between the running daemon
// and the commands that ask it: HTTP, so that curl can be one of them. Who may
// connect is the file system's to say.
package control
