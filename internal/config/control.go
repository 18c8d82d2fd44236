package config

import (
	"fmt"
	"path/filepath"
)

// maxSocketPath is what fits into the address of a Unix socket, in bytes.
const maxSocketPath = 107

// controlSocket is the configured one, else one in the state folder; "" is
// none.
func (v validator) controlSocket(configured string) string {
	switch path := v.path(configured); {
	case configured == "none":
		return ""
	case configured == "":
		path = filepath.Join(v.state, "control.sock")
		if len(path) > maxSocketPath {
			v.top.warn("control_socket", fmt.Sprintf("none, because its path in state_dir has more than %d bytes; name a shorter one", maxSocketPath))
			return ""
		}
		return path
	case len(path) > maxSocketPath:
		v.top.fail("control_socket", "too long; Linux takes %d bytes for the path of a socket", maxSocketPath)
		return path
	default:
		return path
	}
}
