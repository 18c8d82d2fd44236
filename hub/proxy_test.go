package hub

import (
	"io"
	"testing"
)

// What a proxy says to CONNECT is judged by its first lines: what follows may
// never come.
func TestReadTunnelAnswer(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 200 OK\r\n\r\n":                                             "",
		"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n":                   "",
		"HTTP/1.1 200 OK\r\n\r\nhello":                                        "more than its answer",
		"HTTP/1.1 407 Authenticate\r\nContent-Length: 9000\r\n\r\nabc":        "407",
		"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nno": "403",
		"SSH-2.0-OpenSSH\r\n":                                                 "answer of the proxy",
	} {
		r, w := io.Pipe() // which stays open
		go func() { _, _ = io.WriteString(w, answer) }()
		checkError(t, readTunnelAnswer(r), want, "")
		_ = r.Close()
	}
}
