package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Least free space, in bytes: a full outbox of the default size with what the
// log takes besides, and what is not enough to go on.
const (
	littleSpace = 256 << 20
	noSpace     = 16 << 20
)

// StateDir looks at the directory of the store: whether it is there, whose, and
// how much room there is.
func StateDir(dir string) []Finding {
	const part = "disk"
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{warning(part, fmt.Sprintf("install -d -o gatewayd -g gatewayd -m 0700 %s", dir), "%s is not there", dir)}
	case err != nil:
		return []Finding{problem(part, "run doctor as root, or as the user gatewayd", "%v", err)}
	case !info.IsDir():
		return []Finding{problem(part, "move it away, or name another state_dir", "%s is no directory", dir)}
	}
	var found []Finding
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		found = append(found, warning(part, "chmod 0700 "+dir, "%s holds session keys and others may look into it (mode %04o)", dir, mode))
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		found = append(found, problem(part, "run doctor as the user gatewayd: sudo -u gatewayd gatewayd doctor", "%s cannot be written: %v", dir, err))
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err == nil {
		found = append(found, Space(dir, st.Bavail*uint64(st.Bsize)))
	}
	return found
}

// Space judges what is free, in bytes.
func Space(dir string, free uint64) Finding {
	mb := free / 1_000_000
	switch {
	case free < noSpace:
		return problem("disk", "make room: df -h "+dir, "%d MB are free in %s: frames will be held in memory, unacknowledged", mb, dir)
	case free < littleSpace:
		return warning("disk", "make room, or lower [outbox] max_bytes", "%d MB are free in %s: too little for a full outbox", mb, dir)
	}
	return good("disk", "%d MB are free in %s", mb, dir)
}
