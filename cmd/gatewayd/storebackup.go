package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gatewayd/internal/store"
)

func (a *app) storeExportCommand() *cobra.Command {
	var p storePlace
	var output string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the whole store as text, for a backup",
		Long: "Write the whole store as text, for a backup or another machine. It holds the nodes' session keys: keep it like a " +
			"password. After an export for a move, do not start this daemon again.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			stateDir, err := p.dir(a, c)
			if err != nil {
				return err
			}
			if output == "" && isTerminal(a.stdout) {
				return usagef("store export: the output holds keys, and this is a terminal; name a file with --output")
			}
			return a.onStore(stateDir, func(dir string) error { return a.exportStore(dir, output) })
		},
	}
	p.flags(c)
	c.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, readable by you alone (default: standard output)")
	return c
}

// exportStore writes to the file output, "" for standard output. The file is
// there when all of it is.
func (a *app) exportStore(dir, output string) error {
	bar := a.progress("exporting " + dir)
	defer bar.start()()
	if output == "" {
		return store.Export(dir, bar.writer(a.stdout))
	}
	f, err := os.CreateTemp(filepath.Dir(output), "."+filepath.Base(output)+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	err = store.Export(dir, bar.writer(f))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), output)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (a *app) storeImportCommand() *cobra.Command {
	var p storePlace
	var input string
	c := &cobra.Command{
		Use:   "import",
		Short: "Make a store from an export",
		Long: "Make a store from what export has written, where there is none; all of it or nothing. The export may be older than " +
			"what has been on the air since, so at the next start the daemon moves every counter and nonce past what may have been used.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			stateDir, err := p.dir(a, c)
			if err != nil {
				return err
			}
			return a.importStore(stateDir, input)
		},
	}
	p.flags(c)
	c.Flags().StringVarP(&input, "input", "i", "", "read from `FILE` (default: standard input)")
	return c
}

// importStore reads from the file input, "" for standard input.
func (a *app) importStore(stateDir, input string) error {
	if input == "" && isTerminal(os.Stdin) {
		return usagef("store import: name the export with --input, or let standard input be it")
	}
	from := os.Stdin
	if input != "" {
		f, err := os.Open(input)
		if err != nil {
			return fmt.Errorf("--input: %w", err)
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	// A daemon would read this one only if there were no other.
	if hasOldStore(stateDir) {
		return fmt.Errorf("%s is there: move it away first, the daemon would ignore it beside what is imported", filepath.Join(stateDir, oldStore))
	}
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return fmt.Errorf("state_dir: %w", err)
	}
	return a.onStore(stateDir, func(dir string) error { return a.importInto(dir, from) })
}

func (a *app) importInto(dir string, from io.Reader) error {
	bar := a.progress("importing into " + dir)
	stop := bar.start()
	err := store.Import(dir, bar.reader(from))
	stop()
	if err != nil {
		return err
	}
	r, err := store.Verify(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s: imported, with %s; the daemon moves the counters on when it starts\n", dir, count(r.Outbox, "waiting message"))
	return err
}
