package doctor

// Clock judges whether tokens can be signed by the machine's clock. reason is
// why it is not believed.
func Clock(trusted bool, reason string) Finding {
	if trusted {
		return good("clock", "the time can be believed")
	}
	return problem("clock", "no device connects before it is: timedatectl shows the NTP service; see docs/operations.md, Time", "%s", reason)
}
