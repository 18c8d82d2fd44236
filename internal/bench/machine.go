package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine is where the figures are from.
type machine struct {
	cpu, kernel, disk string
	load              string // average of the last minute
	cores             int
	memory            uint64 // bytes
}

// thisMachine describes this one; disk is the directory that is written to.
func thisMachine(disk string) machine {
	m := machine{cpu: runtime.GOARCH, cores: runtime.NumCPU()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model := regexp.MustCompile(`(?m)^(?:model name|Model)\s*:\s*(.*)$`).FindSubmatch(text); model != nil {
			m.cpu = string(model[1])
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.kernel = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(text), " ")
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.memory = uint64(info.Totalram) * uint64(info.Unit) //nolint:unconvert // 32 bits on some machines
	}
	if disk == "" {
		disk = os.TempDir()
	}
	m.disk = fileSystem(disk) + device(disk)
	return m
}

// device is " on vda1", the block device a directory is on; "" if there is
// none.
func device(dir string) string {
	var st unix.Stat_t
	if unix.Stat(dir, &st) != nil {
		return ""
	}
	link, err := os.Readlink(fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev)))
	if err != nil {
		return ""
	}
	return " on " + filepath.Base(link)
}

// fileSystem is the name of the file system that a directory is on.
func fileSystem(dir string) string {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil {
		return "an unknown file system"
	}
	switch fs.Type {
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.XFS_SUPER_MAGIC:
		return "XFS"
	case unix.BTRFS_SUPER_MAGIC:
		return "Btrfs"
	case unix.TMPFS_MAGIC:
		return "tmpfs, which is no disk"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs"
	}
	return fmt.Sprintf("a file system of type %#x", fs.Type)
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %.0f GB, Linux %s, %s, %s; load %s before",
		m.cpu, m.cores, float64(m.memory)/1e9, m.kernel, m.disk, runtime.Version(), m.load)
}
