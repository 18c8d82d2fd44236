package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"gatewayd/internal/serialport"
)

// Machine is what the checks of serial ports need of it. Root is the root
// directory of its files, "/".
type Machine struct {
	Root fs.FS
	// Readlink is os.Readlink, for paths below /proc.
	Readlink func(name string) (string, error)
	// Access reports why a device cannot be opened to read and write; nil: it
	// can.
	Access func(device string) error
	// Resolve follows links, as filepath.EvalSymlinks.
	Resolve func(name string) (string, error)
}

// Port looks at the serial port of a concentrator. daemon says that gatewayd
// runs, and may be what holds it.
func (m Machine) Port(concentrator, name string, ports []serialport.Port, daemon bool) []Finding {
	device, err := serialport.Find(ports, name)
	if err == nil {
		device, err = m.Resolve(device)
	}
	if err != nil {
		return []Finding{problem("port", "plug it in; gatewayd ports lists what is there: "+names(ports), "%s: %v", concentrator, err)}
	}
	var found []Finding
	switch err := m.Access(device); {
	case errors.Is(err, fs.ErrPermission):
		found = append(found, problem("port", "sudo usermod -aG dialout $USER, and log in again; the service has its own user, which is in that group",
			"%s: %s may not be opened by this user", concentrator, device))
	case err != nil:
		found = append(found, problem("port", "gatewayd ports lists what is there", "%s: %s: %v", concentrator, device, err))
	}
	if who := m.Holders(device); len(who) > 0 && !daemon {
		found = append(found, problem("port", "stop it: two programs cannot share a concentrator", "%s: %s is in use by %s",
			concentrator, device, strings.Join(who, ", ")))
	}
	if f := boardOf(concentrator, device, ports); f.What != "" {
		found = append(found, f)
	}
	if len(found) == 0 {
		found = append(found, good("port", "%s: %s is there", concentrator, device))
	}
	return found
}

// boardOf says what is wrong with the board behind a port.
func boardOf(concentrator, device string, ports []serialport.Port) Finding {
	for _, p := range ports {
		if p.Device == device && p.Board == serialport.CoreCell {
			return problem("port", route, "%s: behind %s is a CoreCell (SX1302 or SX1303), firmware %s, which has no driver here", concentrator, device, p.Firmware)
		}
	}
	return Finding{}
}

const route = "run Concentratord, Basics Station or Semtech's packet forwarder for it on this machine: docs/concentrators.md, CoreCell USB boards"

// Boards says which boards nobody uses: those of the ports that no concentrator
// of the configuration names.
func (m Machine) Boards(ports []serialport.Port, used []string) (found []Finding) {
	taken := map[string]bool{}
	for _, name := range used {
		if device, err := serialport.Find(ports, name); err == nil {
			if device, err = m.Resolve(device); err == nil {
				taken[device] = true
			}
		}
	}
	for _, p := range ports {
		switch {
		case taken[p.Device]:
		case p.Board == serialport.CoreCell:
			found = append(found, warning("port", route, "%s is a CoreCell concentrator, firmware %s", p.Device, p.Firmware))
		case p.Board == serialport.STM32:
			found = append(found, warning("port", "gatewayd ports --probe asks it whether it is a CoreCell concentrator", "%s is an STM32 of some kind", p.Device))
		case p.Board == serialport.PicoCell:
			found = append(found, warning("port", fmt.Sprintf("[[concentrator]] with type = \"picocell\" and port = %q", p.Name()), "%s is a PicoCell that the configuration does not name", p.Device))
		}
	}
	return found
}

// Holders are the programs that have device open, as far as this user may see.
func (m Machine) Holders(device string) (who []string) {
	dirs, _ := fs.Glob(m.Root, "proc/[0-9]*") // fails on a bad pattern only
	for _, dir := range dirs {
		fds, err := fs.ReadDir(m.Root, path.Join(dir, "fd"))
		if err != nil {
			continue // another user's, or gone
		}
		for _, fd := range fds {
			if target, err := m.Readlink("/" + path.Join(dir, "fd", fd.Name())); err == nil && target == device {
				name, _ := fs.ReadFile(m.Root, path.Join(dir, "comm"))
				who = append(who, fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), path.Base(dir)))
				break
			}
		}
	}
	return who
}

func names(ports []serialport.Port) string {
	if len(ports) == 0 {
		return "nothing"
	}
	list := make([]string, len(ports))
	for i, p := range ports {
		list[i] = p.Device
	}
	return strings.Join(list, ", ")
}
