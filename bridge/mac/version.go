package mac

import "fmt"

// Version is a version of the LoRaWAN link layer. Later ones are greater.
type Version uint8

// The versions.
//
//nolint:staticcheck // versions have dots: V110 would read as one hundred and ten
const (
	V1_0_0 Version = iota + 1
	V1_0_1
	V1_0_2
	V1_0_3
	V1_0_4
	V1_1_0
)

func versionNames() []string {
	return []string{V1_0_0: "1.0.0", V1_0_1: "1.0.1", V1_0_2: "1.0.2", V1_0_3: "1.0.3", V1_0_4: "1.0.4", V1_1_0: "1.1.0"}
}

// ParseVersion reads what String prints, and "1.0" and "1.1" for the first
// releases of each.
func ParseVersion(s string) (Version, error) {
	switch s {
	case "1.0":
		return V1_0_0, nil
	case "1.1":
		return V1_1_0, nil
	}
	for v, name := range versionNames() {
		if name != "" && name == s {
			return Version(v), nil
		}
	}
	return 0, fmt.Errorf("%q is not a LoRaWAN version: want 1.0.0 to 1.0.4 or 1.1.0", s)
}

// String prints e.g. "1.0.3".
func (v Version) String() string {
	if names := versionNames(); v.valid() {
		return names[v]
	}
	return fmt.Sprintf("Version(%d)", uint8(v))
}

func (v Version) valid() bool { return v >= V1_0_0 && v <= V1_1_0 }
