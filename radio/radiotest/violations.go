package radiotest

import (
	"fmt"
	"slices"
)

// maxViolations bounds the record; each text is kept once.
const maxViolations = 200

// violations records what the host did wrong.
type violations struct {
	texts []string
}

func (v *violations) add(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(v.texts) < maxViolations && !slices.Contains(v.texts, text) {
		v.texts = append(v.texts, text)
	}
}
