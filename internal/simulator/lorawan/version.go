package lorawan

// Version of LoRaWAN that a device follows. Later ones compare greater.
type Version uint8

// The versions.
const (
	V100 Version = iota + 1
	V101
	V102
	V103
	V104
	V110
)

// String is the version as the specification prints it, e.g. "1.0.3".
func (v Version) String() string {
	switch v {
	case V100:
		return "1.0.0"
	case V101:
		return "1.0.1"
	case V102:
		return "1.0.2"
	case V103:
		return "1.0.3"
	case V104:
		return "1.0.4"
	case V110:
		return "1.1"
	}
	return "unknown"
}

// Valid reports whether v is one of the versions.
func (v Version) Valid() bool { return v >= V100 && v <= V110 }

// CountsNonces reports whether DevNonce and JoinNonce are counters in v.
func (v Version) CountsNonces() bool { return v >= V104 }
