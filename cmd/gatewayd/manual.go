package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manualCommand writes the manual pages, for packages: as little to be typed by
// people as completion.
func (a *app) manualCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "manual DIR",
		Short:  "Write the manual pages into a directory",
		Hidden: true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s: name one directory", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			for _, sub := range allCommands(c.Root()) {
				name := filepath.Join(args[0], strings.ReplaceAll(sub.CommandPath(), " ", "-")+".1")
				if err := os.WriteFile(name, []byte(manualPage(sub)), 0o644); err != nil { //nolint:gosec // a manual is for everybody
					return err
				}
			}
			return nil
		},
	}
}

// allCommands are c and what it has, without what is hidden.
func allCommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, allCommands(sub)...)
		}
	}
	return all
}

// exitStatus is what exit codes mean, for every command.
const exitStatus = "0: it worked. 1: it was tried and did not work, or what was checked is not well. 2: the command line or the configuration is wrong."

// description is what a command does, at length.
func description(c *cobra.Command) string {
	if c.Long != "" {
		return c.Long
	}
	return c.Short + "."
}

// eachFlag calls do with every flag of c in the order of the alphabet.
func eachFlag(c *cobra.Command, do func(*pflag.Flag)) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" && f.Name != "version" {
			do(f)
		}
	})
}

// flagForm is how a flag is written, and what it does.
func flagForm(f *pflag.Flag) (form, what string) {
	value, what := pflag.UnquoteUsage(f)
	if form = "--" + f.Name; f.Shorthand != "" {
		form = "-" + f.Shorthand + ", " + form
	}
	if value != "" {
		form += " " + value
	}
	switch f.DefValue {
	case "", "0", "false", "[]":
	default:
		what += " (default " + f.DefValue + ")"
	}
	return form, what
}

// manualPage is the page of a command in section 1, as man(7) has it.
func manualPage(c *cobra.Command) string {
	var b strings.Builder
	section := func(title string) { fmt.Fprintf(&b, ".SH %s\n", title) }
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"gatewayd %s\" \"gatewayd\"\n", roff(strings.ToUpper(name)), roff(version))
	section("NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(name), roff(c.Short))
	section("SYNOPSIS")
	fmt.Fprintf(&b, ".B %s\n", roff(c.UseLine()))
	section("DESCRIPTION")
	b.WriteString(paragraphs(description(c)))
	if subs := availableOf(c); len(subs) > 0 {
		section("COMMANDS")
		for _, sub := range subs {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(sub.Name()), roff(sub.Short))
		}
	}
	first := true
	eachFlag(c, func(f *pflag.Flag) {
		if first {
			section("OPTIONS")
			first = false
		}
		form, what := flagForm(f)
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(form), roff(what))
	})
	if c.Example != "" {
		section("EXAMPLES")
		fmt.Fprintf(&b, ".nf\n%s\n.fi\n", lines(c.Example))
	}
	section("EXIT STATUS")
	fmt.Fprintf(&b, "%s\n", roff(exitStatus))
	if !c.HasParent() {
		section("FILES")
		for _, f := range [][2]string{
			{"/etc/gatewayd/gatewayd.toml", "the configuration; every key is in /usr/share/doc/gatewayd/config.md"},
			{"/var/lib/gatewayd", "sessions, and what waits for the hub"},
			{defaultSocket, "where commands reach the daemon"},
		} {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(f[0]), roff(f[1]))
		}
		section("ENVIRONMENT")
		fmt.Fprintf(&b, ".TP\n.B NO_COLOR\n%s\n", roff("no colours on a terminal"))
	}
	section("SEE ALSO")
	fmt.Fprintf(&b, "%s\n", seeAlso(c))
	return b.String()
}

func availableOf(c *cobra.Command) (subs []*cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			subs = append(subs, sub)
		}
	}
	return subs
}

// seeAlso names the pages above and below.
func seeAlso(c *cobra.Command) string {
	var pages []string
	if c.HasParent() {
		pages = append(pages, c.Parent().CommandPath())
	}
	for _, sub := range availableOf(c) {
		pages = append(pages, sub.CommandPath())
	}
	for i, p := range pages {
		pages[i] = ".BR " + roff(strings.ReplaceAll(p, " ", "-")) + " (1)"
	}
	return strings.Join(pages, ",\n")
}

// paragraphs keeps the empty lines of a text, and fills the rest.
func paragraphs(text string) string {
	var b strings.Builder
	for i, p := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(lines(p) + "\n")
	}
	return b.String()
}

// lines escapes every line.
func lines(text string) string {
	all := strings.Split(text, "\n")
	for i, l := range all {
		all[i] = roff(l)
	}
	return strings.Join(all, "\n")
}

// roff escapes one line for man(7).
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
