package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gatewayd/internal/store"
)

func (a *app) storeVerifyCommand() *cobra.Command {
	var p storePlace
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Read the whole store and say what is in it, without changing it",
		Long: "Read the whole store and say what is in it, without changing it. The exit code is 1 if something is damaged; the " +
			"daemon salvages the rest at its next start and keeps the damaged file aside.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			stateDir, err := p.dir(a, c)
			if err != nil {
				return err
			}
			return a.onStore(stateDir, func(dir string) error { return a.verifyStore(dir, asJSON) })
		},
	}
	p.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return c
}

// storeReport is store.Report as the command prints it.
type storeReport struct {
	Dir              string   `json:"dir"`
	Intact           bool     `json:"intact"`
	Segments         int      `json:"segments"`
	Commits          uint64   `json:"commits"`
	Records          int      `json:"records"`
	Outbox           int      `json:"outbox"` // messages that wait
	Torn             bool     `json:"torn"`   // the last commit was cut short; nobody was told of it
	Damaged          []string `json:"damaged"`
	LostCommits      uint64   `json:"lostCommits"` // at least
	SalvagedCounters bool     `json:"salvagedCounters"`
}

func (a *app) verifyStore(dir string, asJSON bool) error {
	stop := a.progress("reading " + dir).start()
	r, err := store.Verify(dir)
	stop()
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	return errors.Join(a.printReport(dir, r, err == nil, asJSON), err)
}

func (a *app) printReport(dir string, r store.Report, intact, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(storeReport{
			Dir: dir, Intact: intact, Segments: r.Segments, Commits: r.Commits, Records: r.Records, Outbox: r.Outbox,
			Torn: r.Torn, Damaged: append([]string{}, r.Damaged...), LostCommits: r.LostCommits, SalvagedCounters: r.SalvagedCounters,
		})
	}
	_, err := fmt.Fprintf(a.stdout, "%s: %v\n", dir, r)
	return err
}
