package picocell

import "fmt"

// BringUpError says at which step the concentrator did not come up.
type BringUpError struct {
	Step     string // e.g. "calibration with cal_fw5-12"
	Register string // what read Got instead of Want; empty if Err says it all
	Want     string
	Got      string
	Hint     string // what to do about it; may be empty
	Err      error
}

// Error names the step, and the register with what it read.
func (e *BringUpError) Error() string {
	s := "bring-up: " + e.Step
	if e.Register != "" {
		s += fmt.Sprintf(": %s reads %s, want %s", e.Register, e.Got, e.Want)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Unwrap returns Err.
func (e *BringUpError) Unwrap() error { return e.Err }

// imagesError is the lack of the right firmware images.
type imagesError struct{ err error }

func (e *imagesError) Error() string { return e.err.Error() }
func (e *imagesError) Unwrap() error { return e.err }

// refusedError is a command that the device answered with KO.
type refusedError struct{ id byte }

func (e *refusedError) Error() string { return fmt.Sprintf("device refused command %q", e.id) }
