package radiotest

// Stats counts what the device did since power-up.
type Stats struct {
	Commands uint64 // commands received
	Bytes    uint64 // their bytes, headers included
	// BringUpCommands and BringUpBytes count from the latest l that opened a
	// dialogue, inclusive, to the first b after it, exclusive.
	BringUpCommands uint64
	BringUpBytes    uint64
	Heard           uint64 // packets put into the FIFO
	Fetched         uint64 // packets handed out by b
	Overflows       uint64 // packets for which the FIFO had no room
	Lost            uint64 // packets in the FIFO when f wiped it
	Emissions       uint64
	Late            uint64            // f whose start had passed: ten seconds of deafness and nothing on air
	PerCommand      map[string]uint64 // by id

	receiving bool // b has been seen since the latest l
}

func (s *Stats) command(c command) {
	size := uint64(headerSize + len(c.data))
	s.Commands++
	s.Bytes += size
	if s.PerCommand == nil {
		s.PerCommand = make(map[string]uint64)
	}
	s.PerCommand[string(c.id)]++
	switch {
	case c.id == 'l' && s.receiving:
		s.BringUpCommands, s.BringUpBytes, s.receiving = 0, 0, false
	case c.id == 'b':
		s.receiving = true
	}
	if !s.receiving {
		s.BringUpCommands++
		s.BringUpBytes += size
	}
}
