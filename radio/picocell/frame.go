package picocell

import (
	"errors"
	"fmt"
)

// The command ids. The device's remaining one, which turns it into a blank
// waiting for new firmware, is deliberately not here.
const (
	cmdHello       = 'l' // check the firmware version, get the unique id
	cmdRead        = 'r'
	cmdWrite       = 'w'
	cmdReadBurst   = 'p'
	cmdReadFirst   = 's'
	cmdReadMiddle  = 't'
	cmdReadLast    = 'u'
	cmdWriteBurst  = 'a'
	cmdWriteFirst  = 'x'
	cmdWriteMiddle = 'y'
	cmdWriteLast   = 'z'
	cmdBoard       = 'i'
	cmdRadio       = 'c'
	cmdChain       = 'd'
	cmdGains       = 'h'
	cmdReceive     = 'b'
	cmdSend        = 'f'
	cmdCounter     = 'q'
	cmdCommitCal   = 'j'
	cmdResetMCU    = 'm'
)

const (
	headerSize      = 4
	usbPacket       = 64
	maxCommandData  = 600
	maxResponseData = 1024 + 16*44
)

// command is one request: id, the address byte of the header, data.
type command struct {
	id   byte
	addr byte
	data []byte
}

// append encodes c after b. It must reach the device in one write: the device
// puts commands together from USB packets and takes a short one to be whole.
func (c command) append(b []byte) []byte {
	b = append(b, c.id, byte(len(c.data)>>8), byte(len(c.data)), c.addr)
	return append(b, c.data...)
}

// response is one answer. ok is false if the device said KO; data is there
// in either case.
type response struct {
	ok   bool
	data []byte
}

// errShort says that an answer is not complete yet.
var errShort = errors.New("answer is incomplete")

// desyncError is an answer that cannot belong to the command sent.
type desyncError struct{ what string }

func (e *desyncError) Error() string { return "answer out of step: " + e.what }

// parseResponse reads the answer to a command id from the start of b. It
// returns how many bytes it took, errShort if more are needed, or a
// *desyncError. data is part of b.
func parseResponse(id byte, b []byte) (response, int, error) {
	if len(b) > 0 && b[0] != id {
		return response{}, 0, &desyncError{fmt.Sprintf("it is for command %q, not %q", b[0], id)}
	}
	if len(b) < headerSize {
		return response{}, 0, errShort
	}
	size := int(b[1])<<8 | int(b[2])
	if size > maxResponseData {
		return response{}, 0, &desyncError{fmt.Sprintf("%d bytes announced, at most %d are possible", size, maxResponseData)}
	}
	if b[3] > 1 {
		return response{}, 0, &desyncError{fmt.Sprintf("status %d is neither 0 nor 1", b[3])}
	}
	end := headerSize + size
	total := end
	if end%usbPacket == 0 {
		total++ // the device pads with one zero instead of an empty USB packet
	}
	if len(b) < total {
		return response{}, 0, errShort
	}
	if total > end && b[end] != 0 {
		return response{}, 0, &desyncError{fmt.Sprintf("padding byte is %#02x, not 0", b[end])}
	}
	return response{ok: b[3] == 1, data: b[headerSize:end]}, total, nil
}
