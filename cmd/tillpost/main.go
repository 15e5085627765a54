// Command tillpost takes shops' payments, follows their parcels and tells them
// of every change.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones, wherever the binary runs

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/models"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command line and returns the exit code. The first signal
// asks the command to end, the second ends the process.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	text, code := failure(cmd, err)
	fmt.Fprintf(os.Stderr, "tillpost: %s\n", oneLine(text))
	if code == exitUsage {
		fmt.Fprintf(os.Stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return code
}

// failure says what went wrong in words, and the exit code.
func failure(cmd *cobra.Command, err error) (text string, code int) {
	text, code = err.Error(), exitFailure
	if _, ok := errors.AsType[usageError](err); ok {
		return text, exitUsage
	}
	refused, ok := errors.AsType[*models.Error](err)
	if !ok {
		return text, code
	}
	if refused.Kind == models.KindInvalid {
		code = exitUsage
	}
	words := inWords(cmd, refused)
	if named, ok := errors.AsType[*flagError](err); ok {
		words = named.words()
	}
	return strings.Replace(text, refused.Error(), words, 1), code // what stands before it, say a line's number, stays
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "tillpost",
		Short:         "Takes shops' payments, follows their parcels and tells them of every change",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		serveCommand(), workCommand(), demoCommand(), sandboxCommand(), migrateCommand(),
		userCommand(), merchantCommand(), apikeyCommand(), gatewayCommand(), carrierCommand(), endpointCommand(),
		importCommand(), reconcileCommand(), keysCommand(), statsCommand(), parcelsCommand(), doctorCommand(),
	)
	return root
}

// noArgs refuses arguments; an unknown sub-command arrives as one.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command or argument %q for %q", args[0], cmd.CommandPath())}
	}
	return nil
}

// oneArg wants one argument.
func oneArg(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{fmt.Errorf("%q takes 1 argument, got %d", cmd.CommandPath(), len(args))}
	}
	return nil
}

// group is a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{fmt.Errorf("%q needs one of its commands: %s", cmd.CommandPath(), commands(cmd))}
		},
	}
	cmd.AddCommand(children...)
	return cmd
}

// commands lists the names of a group's commands.
func commands(cmd *cobra.Command) string {
	var names []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			names = append(names, child.Name())
		}
	}
	return choices(names...)
}

// required checks flags that have no sensible default.
func required(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if cmd.Flags().Lookup(name).Value.String() == "" {
			return usageError{fmt.Errorf("--%s is required", name)}
		}
	}
	return nil
}
