package radiotest

import "bytes"

// requestSizes are the data lengths that the commands of fixed size have.
var requestSizes = map[byte]int{
	'l': 4, 'r': 1, 'w': 1, 'p': 2, 's': 2, 't': 2, 'u': 2,
	'i': boardSize, 'c': rfSize, 'd': ifSize, 'h': lutSize,
	'b': 1, 'f': txSize, 'q': 0, 'j': 2, 'm': 0, 'n': 0,
}

// checkSize records a command of a length that no host sends.
func (d *device) checkSize(c command) {
	if want, ok := requestSizes[c.id]; ok && len(c.data) != want {
		d.log.add("%c: %d bytes of data, want %d", c.id, len(c.data), want)
	}
}

// checkGains records a gain table that the firmware's lookup cannot use.
func (d *device) checkGains() {
	gains := d.settings.gains
	for i := 1; i < len(gains); i++ {
		if gains[i].power < gains[i-1].power {
			d.log.add("h: entry %d (%d dBm) is below entry %d (%d dBm): the table must ascend",
				i, gains[i].power, i-1, gains[i-1].power)
		}
	}
}

// audit records, at the first b of a bring-up, what the host left out of it.
func (d *device) audit() {
	if m := d.chip.missing(); m != "" {
		d.log.add("b before the receiver runs: %s; every b answers 0 packets", m)
		return
	}
	s := &d.settings
	if !s.boardSet {
		d.log.add("no board settings (i) before b")
	}
	for n, rf := range s.rf {
		if !rf.set {
			d.log.add("no settings for radio %d (c) before b", n)
		}
	}
	for i := 5; i < gainsMax; i++ {
		if !s.calibrated[i] {
			d.log.add("TX offsets for mixer gain %d were not calibrated and committed (j) before b", i)
		}
	}
	if !bytes.Equal(d.chip.agc.gains, agcGainValues(s.gains)) {
		d.log.add("the gain tables given to the AGC and to the microcontroller (h) differ")
	}
	d.auditConstants()
	d.auditChains()
	d.auditSync()
}

func (d *device) auditConstants() {
	for _, k := range append(constants(), driftConstants(d.settings.rf[0].frequency)...) {
		if got := d.chip.regs.get(k.field); got != k.value {
			d.log.add("%s is %d, want %d", k.name, got, k.value)
		}
	}
}

func (d *device) auditChains() {
	for n := range chains {
		inChip, inSettings := d.chip.channel(n, &d.settings), d.settings.channel(n)
		if !inChip.agrees(inSettings) {
			d.log.add("chain %d: registers say %+v, settings (c, d) say %+v", n, inChip, inSettings)
		}
	}
}

// auditSync checks the sync word that emissions go out with.
func (d *device) auditSync() {
	r := &d.chip.regs
	public := r.get(fieldTXSyncPeak1) == 3 && r.get(fieldTXSyncPeak2) == 4
	if public != d.settings.public {
		d.log.add("TX sync word: registers say public %v, settings (i) say %v", public, d.settings.public)
	}
}
