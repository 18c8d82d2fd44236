package config

import (
	"errors"
	"fmt"
	"strings"
)

// reportBoard hands each finding of Board.Validate to the table it is about.
func reportBoard(s section, err error) {
	problems := map[section][]string{}
	for _, finding := range flatten(err) {
		table, problem := boardTable(s, finding.Error())
		problems[table] = append(problems[table], problem)
	}
	for table, p := range problems {
		table.fail("", "%s", strings.Join(p, "; "))
	}
}

// boardTable finds the table that a finding names in its first words, and
// leaves these out. What it cannot place belongs to the concentrator.
func boardTable(s section, finding string) (table section, problem string) {
	what, rest, _ := strings.Cut(finding, ": ")
	var n int
	if scan(what, "radio %d", &n) {
		return s.item("radio", n), rest
	}
	if scan(what, "gain table entry %d", &n) {
		return s.item("tx_gain", n), rest
	}
	if scan(what, "channel %d", &n) {
		return channelTable(s, n), rest
	}
	switch {
	case strings.HasPrefix(finding, "gain table"):
		return s.in("tx_gain"), finding
	case strings.Contains(finding, "radios"):
		return s.in("radio"), finding
	case strings.Contains(finding, "every channel"):
		return s.in("channel"), finding
	}
	return s, finding
}

// channelTable is the table of a demodulator by the device's number: 0..7
// are the channels.
func channelTable(s section, n int) section {
	switch n {
	case 8:
		return s.in("lora_std")
	case 9:
		return s.in("fsk")
	}
	return s.item("channel", n)
}

func scan(text, format string, n *int) bool {
	_, err := fmt.Sscanf(text, format, n)
	return err == nil
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}
