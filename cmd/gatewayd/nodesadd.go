package main

import (
	"bufio"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"gatewayd/internal/config"
	"gatewayd/internal/roster"
)

func (a *app) nodesAddCommand() *cobra.Command {
	var path string
	var stdin, dryRun, asJSON bool
	c := &cobra.Command{
		Use:   "add KEY=VALUE...",
		Short: "Add a node to the nodes_file",
		Long: "Add a node to the nodes_file, by the keys of [[node]]. Other users of the machine see the command line, so keys and tokens " +
			"come from elsewhere: on standard input with --stdin, one KEY=VALUE a line, or as file:PATH, credential:NAME or env:NAME.",
		Example: "gatewayd nodes add --stdin dev_eui=70B3D57ED0000001 join_eui=0000000000000000 device_id=barn <keys.txt",
		Args:    cobra.ArbitraryArgs,
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&stdin, "stdin", false, "read more KEY=VALUE lines from standard input")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be done")
	jsonFlag(c, &asJSON)
	c.RunE = func(_ *cobra.Command, args []string) error {
		n, err := nodeOf(args, false)
		if err != nil {
			return err
		}
		if stdin {
			lines, err := readLines(os.Stdin)
			if err != nil {
				return err
			}
			more, err := nodeOf(lines, true)
			if err != nil {
				return err
			}
			for key, v := range more {
				n[key] = v
			}
		}
		if len(n) == 0 {
			return usagef("nodes add: give the keys of the node, such as dev_eui=70B3D57ED0000001")
		}
		list := roster.List{Entries: []roster.Entry{{Line: 1, Node: n}}}
		return a.takeOver(list, importing{config: path, dryRun: dryRun, json: asJSON})
	}
	return c
}

func readLines(r io.Reader) ([]string, error) {
	var lines []string
	s := bufio.NewScanner(r)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines, s.Err()
}

// nodeOf reads KEY=VALUE words. Secrets may stand there only if nobody else sees
// them.
func nodeOf(words []string, secrets bool) (roster.Node, error) {
	hidden := map[string]bool{}
	for _, k := range config.NodeKeys() {
		hidden[k.Name] = k.Secret
	}
	n := roster.Node{}
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		switch {
		case !ok:
			return nil, usagef("want KEY=VALUE, such as device_id=barn")
		case hidden[key] && !secrets && !config.IsReference(value):
			return nil, usagef("%s: other users of the machine see the command line; use --stdin, file:PATH, credential:NAME or env:NAME", key)
		}
		if err := n.Set(key, value); err != nil {
			return nil, usageError{err}
		}
	}
	return n, nil
}
