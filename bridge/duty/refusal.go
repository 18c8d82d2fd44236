package duty

import (
	"fmt"
	"time"

	"gatewayd/bridge/region"
)

// Rule is the limit that an emission would break, as one stable word.
type Rule string

// The rules.
const (
	RuleFrequency Rule = "frequency"  // in none of the region's sub-bands
	RuleDutyCycle Rule = "duty_cycle" // too much airtime in an hour
	RuleDwell     Rule = "dwell"      // longer than one emission may be
	RuleEIRP      Rule = "eirp"       // stronger than allowed
)

// Refusal says why an emission is not allowed.
//
//nolint:errname // it is a decision, and reads as one: "a refused transmission".
type Refusal struct {
	Rule      Rule
	SubBand   region.SubBand // zero for RuleFrequency
	Frequency uint32         // Hz
	Airtime   time.Duration  // of the emission
	EIRP      int8           // dBm, of the emission
	Used      time.Duration  // in the hour before the emission, and scheduled
	Limit     time.Duration  // in any hour; 0: none
	// Wait is how much later the emission would be allowed, if nothing else is
	// sent. 0: waiting does not help.
	Wait time.Duration
}

// Error says which limit stands where, and when it is free again.
func (r *Refusal) Error() string {
	switch r.Rule {
	case RuleFrequency:
		return fmt.Sprintf("%.6f MHz is in none of the region's sub-bands", float64(r.Frequency)/1e6)
	case RuleEIRP:
		return fmt.Sprintf("EIRP limit of %s: %d dBm asked for, %d allowed", r.SubBand, r.EIRP, r.SubBand.MaxEIRP)
	case RuleDwell:
		return fmt.Sprintf("dwell time limit of %s: %v on air, %v allowed", r.SubBand, r.Airtime, r.SubBand.DownlinkDwell)
	case RuleDutyCycle:
		return fmt.Sprintf("duty cycle of %s: %v of %v in the hour used, %v asked for, %s", r.SubBand,
			r.Used.Round(time.Millisecond), r.Limit, r.Airtime.Round(time.Millisecond), r.again())
	default:
		return string(r.Rule)
	}
}

func (r *Refusal) again() string {
	if r.Wait <= 0 {
		return "which is more than an hour has"
	}
	return "free again in " + r.Wait.Round(time.Second).String()
}
