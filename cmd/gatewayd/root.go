package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"gatewayd/internal/config"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // it was tried and did not work
	exitUsage   = 2 // the command line or the configuration is wrong
)

// goParse is what the Go library says about a number, which says nothing to
// anybody else.
var goParse = regexp.MustCompile(`: (strconv\.\w+|time): .*`)

// app is what every subcommand gets from outside.
type app struct {
	getenv         func(string) string
	stdout, stderr io.Writer
}

// usageError is an error of the command line or of the configuration.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the whole program but for os.Exit.
func run(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	a := &app{getenv: getenv, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	err := root.Execute()
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, prefixed(err))
		return exitUsage
	default:
		fmt.Fprintln(stderr, prefixed(err))
		return exitFailure
	}
}

// prefixed puts the program's name before an error, unless each of its lines
// begins with the place in a file.
func prefixed(err error) string {
	var placed config.Errors
	if errors.As(err, &placed) {
		return placed.Error()
	}
	return "gatewayd: " + err.Error()
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "gatewayd",
		Short:         "LoRaWAN gateway daemon for Azure IoT Hub: every node its own device",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
		// So that a mistyped command is named, and not its first flag.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		Args:               cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return usagef("name a command")
		},
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetVersionTemplate("gatewayd {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{errors.New(goParse.ReplaceAllString(err.Error(), ""))}
	})
	root.AddCommand(
		a.runCommand(), a.checkCommand(), a.demoCommand(), a.emulateHubCommand(), a.sasTokenCommand(),
		a.publishCommand(), a.portsCommand(), a.firmwareCommand(), a.versionCommand(),
		a.codecCommand(), a.profileCommand(), a.storeCommand(), a.doctorCommand(), a.benchCommand(), a.manualCommand(),
	)
	root.AddCommand(a.askCommands()...)
	asUsage(root)
	return root
}

// noArgs refuses arguments without repeating them: one may be a key whose
// flag was forgotten.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes flags only, and values with spaces need quotes; see %s --help", c.CommandPath(), c.CommandPath())
	}
	return nil
}

// asUsage makes wrong arguments of c, and of its subcommands, a usage error.
func asUsage(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		asUsage(sub)
	}
}
