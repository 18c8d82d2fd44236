package bridge

// MaxFCntGap is how far FCntUp may jump ahead: MAX_FCNT_GAP of the LoRaWAN
// 1.0.x regional parameters.
const MaxFCntGap = 16384

// fCntAbove is the smallest 32-bit counter above last whose low half is low.
// ok is false when there is none left: the session's counter is used up.
func fCntAbove(last uint32, low uint16) (full uint32, ok bool) {
	full = last&^0xffff | uint32(low)
	if full > last {
		return full, true
	}
	full += 1 << 16
	return full, full > last
}

// fCntBelow is the largest 32-bit counter not above last whose low half is
// low: what a repeated or replayed frame carries. ok is false when there is
// none.
func fCntBelow(last uint32, low uint16) (full uint32, ok bool) {
	full = last&^0xffff | uint32(low)
	if full <= last {
		return full, true
	}
	if full < 1<<16 {
		return 0, false
	}
	return full - 1<<16, true
}
