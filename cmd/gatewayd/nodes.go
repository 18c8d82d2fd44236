package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gatewayd/internal/config"
	"gatewayd/internal/roster"
)

// nodesCommand lists the nodes of the running daemon; its subcommands are about
// those of the configuration.
func (a *app) nodesCommand() *cobra.Command {
	c := a.askCommand("nodes", "List the nodes of the running daemon, or keep those of the configuration", noArgs, asking.nodes)
	c.Long = "List the nodes of the running daemon. The subcommands are about the nodes of the configuration, whether it runs or not; " +
		"those that change it write its nodes_file, and the daemon takes it up on SIGHUP (systemctl reload gatewayd)."
	c.AddCommand(a.nodesImportCommand(), a.nodesExportCommand(), a.nodesListCommand(), a.nodesShowCommand(), a.nodesAddCommand(), a.nodesRemoveCommand())
	return c
}

// nodesFiles are the files that a subcommand works on.
type nodesFiles struct {
	config.NodesFiles
	have []roster.Placed
	now  []byte // what the nodes_file held when it was last read or written
}

func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "config", defaultConfig, "configuration `FILE`")
}

func readNodes(path string) (*nodesFiles, error) {
	files, err := config.ReadNodesFiles(path)
	if err != nil {
		return nil, usageError{err}
	}
	f := &nodesFiles{NodesFiles: files, now: files.Text}
	if f.have, err = roster.Tables(files.Main, files.MainText); err != nil {
		return nil, usageError{err}
	}
	more, err := roster.Tables(files.Name, files.Text)
	if err != nil {
		return nil, usageError{err}
	}
	f.have = append(f.have, more...)
	return f, nil
}

// openNodes reads the files of a configuration that is in order and has a
// nodes_file to add to.
func (a *app) openNodes(path string) (*nodesFiles, *config.Config, error) {
	f, err := readNodes(path)
	if err != nil {
		return nil, nil, err
	}
	if err := f.writable(); err != nil {
		return nil, nil, err
	}
	cfg, err := f.Try(a.getenv, f.Text)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return f, cfg, nil
}

// writable says what to do if there is no file to write nodes to.
func (f *nodesFiles) writable() error {
	if f.Name == "" {
		return usagef(`%s names no nodes_file: add nodes_file = "nodes.toml" to its top, and run this again`, f.Main)
	}
	return nil
}

// write puts text in the place of the nodes_file, unless somebody else did so
// meanwhile.
func (f *nodesFiles) write(text []byte) error {
	now, err := os.ReadFile(f.Name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if strings.TrimPrefix(string(now), "\xef\xbb\xbf") != string(f.now) {
		return fmt.Errorf("%s has changed meanwhile: it stays as it is, run this again", f.Name)
	}
	if err := roster.WriteFile(f.Name, text, f.Main, roster.ModeKeys); err != nil {
		return err
	}
	f.now = text
	return nil
}

// profiles are the [[profile]] tables of both files, by name.
func (f *nodesFiles) profiles() (map[string]roster.Node, error) {
	all := map[string]roster.Node{}
	for file, text := range map[string][]byte{f.Main: f.MainText, f.Name: f.Text} {
		more, err := roster.Profiles(file, text)
		if err != nil {
			return nil, usageError{err}
		}
		maps.Copy(all, more)
	}
	return all, nil
}

// find is the node that people mean by a name, a device id or a DevEUI.
func (f *nodesFiles) find(name string) (roster.Placed, error) {
	var found []roster.Placed
	for _, p := range f.have {
		names := []string{p.Name(), p.DeviceID()}
		eui, _ := p.Node["dev_eui"].(string)
		if slices.Contains(names, name) || eui != "" && strings.EqualFold(eui, name) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return roster.Placed{}, fmt.Errorf("%q is no node of the configuration; see gatewayd nodes list", name)
	case 1:
		return found[0], nil
	}
	return roster.Placed{}, fmt.Errorf("%q is the name of %d nodes; give a DevEUI", name, len(found))
}

// listedNode is a node of the configuration, without its keys.
type listedNode struct {
	Name    string      `json:"name"`
	Device  string      `json:"device,omitempty"`
	DevEUI  string      `json:"devEui,omitempty"`
	DevAddr string      `json:"devAddr,omitempty"`
	Profile string      `json:"profile,omitempty"`
	File    string      `json:"file"`
	Line    int         `json:"line"`
	Keys    roster.Node `json:"keys,omitempty"` // of the configuration: nodes show alone has them
}

func listed(p roster.Placed) listedNode {
	return listedNode{
		Name: p.Name(), Device: p.DeviceID(), DevEUI: textOf(p.Node, "dev_eui"), DevAddr: textOf(p.Node, "dev_addr"),
		Profile: textOf(p.Node, "profile"), File: p.File, Line: p.Line,
	}
}

func (a *app) nodesListCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{Use: "list", Short: "List the nodes of the configuration", Args: noArgs}
	configFlag(c, &path)
	jsonFlag(c, &asJSON)
	c.RunE = func(*cobra.Command, []string) error {
		f, err := readNodes(path)
		if err != nil {
			return err
		}
		if asJSON {
			list := []listedNode{}
			for _, p := range f.have {
				list = append(list, listed(p))
			}
			return a.show(true, list, "")
		}
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "NAME\tDEVICE\tDEVEUI\tDEVADDR\tPROFILE\tAT")
		for _, p := range f.have {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s:%d\n", p.Name(), dash(p.DeviceID()),
				dash(textOf(p.Node, "dev_eui")), dash(textOf(p.Node, "dev_addr")), dash(textOf(p.Node, "profile")), p.File, p.Line)
		}
		return t.Flush()
	}
	return c
}

func textOf(n roster.Node, key string) string {
	s, _ := n[key].(string)
	return s
}

func (a *app) nodesShowCommand() *cobra.Command {
	var path string
	var withKeys, asJSON bool
	c := &cobra.Command{Use: "show NAME", Short: "Show a node of the configuration, without its keys", Args: oneNode}
	configFlag(c, &path)
	c.Flags().BoolVar(&withKeys, "with-keys", false, "show its keys, too")
	jsonFlag(c, &asJSON)
	c.RunE = func(_ *cobra.Command, args []string) error {
		f, err := readNodes(path)
		if err != nil {
			return err
		}
		p, err := f.find(args[0])
		if err != nil {
			return err
		}
		n := p.Node
		if !withKeys {
			n = n.Without()
		}
		shown := listed(p)
		shown.Keys = n
		return a.show(asJSON, shown, "# %s:%d\n%s", p.File, p.Line, n.TOML())
	}
	return c
}

func (a *app) nodesExportCommand() *cobra.Command {
	var path, format, output string
	var withKeys bool
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the nodes of the configuration as CSV or JSON",
		Long:  "Write the nodes of the configuration as CSV or JSON, without their keys unless --with-keys is given. nodes import reads both.",
		Args:  noArgs,
	}
	configFlag(c, &path)
	c.Flags().StringVar(&format, "format", string(roster.CSV), "csv or json")
	c.Flags().BoolVar(&withKeys, "with-keys", false, "write keys and tokens, too: keep the file as secret as the configuration")
	c.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, which only you can read (default: standard output)")
	c.RunE = func(*cobra.Command, []string) error {
		f, err := readNodes(path)
		if err != nil {
			return err
		}
		if format != string(roster.CSV) && format != string(roster.JSON) {
			return usagef("--format %q: want csv or json", format)
		}
		var nodes []roster.Node
		for _, p := range f.have {
			nodes = append(nodes, p.Node)
		}
		return a.toFile(output, func(w io.Writer) error { return roster.Export(w, nodes, roster.Format(format), withKeys) })
	}
	return c
}

// toFile lets write write to a file that only this user can read, or to standard
// output.
func (a *app) toFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return write(a.stdout)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return errors.Join(write(f), f.Sync(), f.Close())
}

func (a *app) nodesRemoveCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "remove NAME...",
		Short: "Take nodes out of the nodes_file",
		Long:  "Take nodes out of the nodes_file, with the comments right above them. Their devices stay in the hub, and their sessions in the store.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s: name the nodes; see gatewayd nodes list", c.CommandPath())
			}
			return nil
		},
	}
	configFlag(c, &path)
	c.RunE = func(_ *cobra.Command, args []string) error { return a.removeNodes(path, args) }
	return c
}

func (a *app) removeNodes(path string, names []string) error {
	f, err := readNodes(path)
	if err != nil {
		return err
	}
	if err := f.writable(); err != nil {
		return err
	}
	var gone []roster.Placed
	for _, name := range names {
		p, err := f.find(name)
		if err != nil {
			return err
		}
		if p.File != f.Name {
			return fmt.Errorf("%s stands at %s:%d, which is kept by hand: remove it there", name, p.File, p.Line)
		}
		if !slices.ContainsFunc(gone, func(g roster.Placed) bool { return g.Line == p.Line }) {
			gone = append(gone, p)
		}
	}
	text := roster.Remove(f.Text, gone)
	if _, err := f.Try(a.getenv, text); err != nil {
		return usageError{err}
	}
	if err := f.write(text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %s removed\n", f.Name, count(len(gone), "node"))
	return err
}
