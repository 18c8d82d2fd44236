package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/bridge/codec"
	"gatewayd/internal/measure"
)

// benching is the command line of bench.
type benching struct {
	app    *app
	dir    string
	codecs []string
	json   bool
	// How long, and how often.
	each                time.Duration
	commits, handshakes int
}

func (a *app) benchCommand() *cobra.Command {
	b := benching{app: a, each: 300 * time.Millisecond, commits: 200, handshakes: 20}
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure what frames, codecs, commits and connections cost on this machine",
		Long: "Measure what frames, codecs, commits to the disk and connections cost on this machine, within seconds, and say what that is good for. " +
			"The exit code is 1 if it is not good enough: a disk that is too slow, or a codec. Nothing is sent, and a running daemon is not disturbed but for the load.",
		Example: "gatewayd bench --dir /var/lib/gatewayd --codec valve.js",
		Args:    noArgs,
	}
	c.Flags().StringVar(&b.dir, "dir", ".", "the directory whose disk is measured: state_dir of the configuration")
	c.Flags().StringArrayVar(&b.codecs, "codec", nil, "a codec, `FILE`, to measure too; may be repeated")
	jsonFlag(c, &b.json)
	c.RunE = func(*cobra.Command, []string) error {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return b.run(ctx)
	}
	return c
}

func (b benching) run(ctx context.Context) error {
	figures, err := b.measure(ctx)
	if err != nil {
		return err
	}
	if b.json {
		err = b.app.show(true, figures, "")
	} else {
		printFigures(b.app.stdout, figures)
	}
	for _, f := range figures {
		if f.Bad {
			err = errors.Join(err, fmt.Errorf("%s: %.3g %s is too slow: %s", f.Name, f.Value, f.Unit, f.Means))
		}
	}
	return err
}

func (b benching) measure(ctx context.Context) ([]measure.Figure, error) {
	bar := b.app.progress("measuring")
	defer bar.start()()
	figures := []measure.Figure{measure.Frame(b.each)}
	usual, err := measure.Codec(b.each, "of 15 lines", nil)
	if err != nil {
		return nil, err
	}
	figures = append(figures, usual)
	for _, file := range b.codecs {
		c, err := codec.Load(file, codec.Options{})
		if err != nil {
			return nil, usageError{err}
		}
		f, err := measure.Codec(b.each, filepath.Base(file), c)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	connection, err := measure.Connection(ctx, systemClock{}, b.handshakes)
	if err != nil {
		return nil, err
	}
	disk, err := measure.Disk(b.dir, b.commits)
	if err != nil {
		return nil, fmt.Errorf("--dir %s: %w", b.dir, err)
	}
	return append(append(figures, connection), disk...), nil
}

func printFigures(w io.Writer, figures []measure.Figure) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range figures {
		fmt.Fprintf(t, "%s\t%.3g %s\t%s\n", f.Name, f.Value, f.Unit, f.Means)
	}
	_ = t.Flush()
}
