package radiotest

// Defect is a fault of the device itself, as opposed to one of the wire. See
// PicoCell.Break.
type Defect uint8

// The defects, and what counts as one occurrence of each.
const (
	// WrongFirmware: l answers KO. One occurrence per l.
	WrongFirmware Defect = iota
	// WrongChip: the VERSION register reads 0. One occurrence per read.
	WrongChip
	// CalibrationFailure: a calibration ends with status 0 instead of 0x81.
	CalibrationFailure
	// RadioUnreachable: a calibration ends, but finds neither radio.
	RadioUnreachable
	// ImageRejection: a calibration ends, but could not reject the image of
	// either radio's receiver.
	ImageRejection
	// AGCStuck: the AGC does not acknowledge its first gain. One occurrence per
	// status read.
	AGCStuck
	// PROMMismatch: a byte of a firmware image reads back wrong. One occurrence
	// per image.
	PROMMismatch
	// FIFOFull: Hear finds no room. One occurrence per packet.
	FIFOFull

	defectKinds
)

// Always is the number of occurrences that never runs out.
const Always = -1

// defects counts the occurrences still to come of each defect.
type defects [defectKinds]int

// strike reports whether d occurs now, and uses up one occurrence.
func (f *defects) strike(d Defect) bool {
	if f[d] == 0 {
		return false
	}
	if f[d] > 0 {
		f[d]--
	}
	return true
}

func (f *defects) set(d Defect, times int) {
	if d < defectKinds {
		f[d] = times
	}
}
