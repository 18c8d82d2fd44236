package duty

import (
	"sync"
	"time"

	"gatewayd/bridge/region"
)

// hour is the period over which duty cycles are counted (ETSI EN 300 220-1,
// section 5.4).
const hour = time.Hour

// Ledger is the account of one concentrator. The bridge's goroutine owns it;
// it locks itself only so that others may ask for Usage at any time.
type Ledger struct {
	start time.Time // monotonic zero of at

	mu       sync.Mutex
	accounts []account
}

// account is one sub-band and what was sent in it.
type account struct {
	region.SubBand
	limit time.Duration // in any hour; 0: none
	spent window
}

// New is an empty ledger over subBands, which must not overlap. Times given to
// its methods are compared with start by the monotonic clock.
func New(subBands []region.SubBand, start time.Time) *Ledger {
	l := &Ledger{start: start, accounts: make([]account, len(subBands))}
	for i, s := range subBands {
		l.accounts[i] = account{SubBand: s}
		if s.DutyCycle < 1 {
			l.accounts[i].limit = time.Duration(s.DutyCycle*float64(hour) + 0.5)
		}
	}
	return l
}

// Check reports whether an emission may begin at at, on frequency (Hz), for
// airtime, with eirp (dBm). The error is a *Refusal. at may lie ahead, up to ten
// minutes, and emissions need not be asked for in the order they are sent.
func (l *Ledger) Check(at time.Time, frequency uint32, airtime time.Duration, eirp int8) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.find(frequency)
	if i < 0 {
		return &Refusal{Rule: RuleFrequency, Frequency: frequency, Airtime: airtime, EIRP: eirp}
	}
	a := &l.accounts[i]
	no := &Refusal{
		SubBand: a.SubBand, Frequency: frequency, Airtime: airtime, EIRP: eirp,
		Limit: a.limit, Used: a.spent.since(at.Sub(l.start) - hour),
	}
	switch {
	case eirp > a.MaxEIRP:
		no.Rule = RuleEIRP
	case a.DownlinkDwell > 0 && airtime > a.DownlinkDwell:
		no.Rule = RuleDwell
	case a.limit > 0 && no.Used+airtime > a.limit:
		no.Rule = RuleDutyCycle
		no.Wait = a.spent.wait(at.Sub(l.start), a.limit-airtime)
	default:
		return nil
	}
	return no
}

// Book enters an emission that begins at at, whether or not Check allowed it.
// The Booking takes it back.
func (l *Ledger) Book(at time.Time, frequency uint32, airtime time.Duration) Booking {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.find(frequency)
	if i < 0 || airtime <= 0 {
		return Booking{}
	}
	// Entered where it ends: it counts until an hour after its last symbol.
	bucket := l.accounts[i].spent.add(at.Add(airtime).Sub(l.start), airtime)
	return Booking{account: i, bucket: bucket, airtime: airtime}
}

// Booking is an emission that was entered. The zero value is none.
type Booking struct {
	account int
	bucket  int64
	airtime time.Duration
}

// Unbook takes back an emission that did not take place. Each Booking may be
// taken back once; one that is older than an hour has left the ledger already.
func (l *Ledger) Unbook(b Booking) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.airtime > 0 {
		l.accounts[b.account].spent.remove(b.bucket, b.airtime)
	}
}

// find is the index of the account of frequency, or -1.
func (l *Ledger) find(frequency uint32) int {
	for i := range l.accounts {
		if l.accounts[i].Contains(frequency) {
			return i
		}
	}
	return -1
}

// Usage is what was sent in one sub-band.
type Usage struct {
	SubBand region.SubBand
	Used    time.Duration // in the hour before, and scheduled
	Limit   time.Duration // in any hour; 0: none
	// Share is Used as a share of Limit, or of the hour where there is no limit:
	// 1 is all.
	Share float64
}

// Usage is the state of every sub-band at now. Safe for concurrent use.
func (l *Ledger) Usage(now time.Time) []Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Usage, len(l.accounts))
	for i := range l.accounts {
		a := &l.accounts[i]
		u := Usage{SubBand: a.SubBand, Used: a.spent.since(now.Sub(l.start) - hour), Limit: a.limit}
		whole := hour
		if a.limit > 0 {
			whole = a.limit
		}
		u.Share = float64(u.Used) / float64(whole)
		list[i] = u
	}
	return list
}
