package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tillpost/tillpost/bench/chaos"
)

// program is the real binary with a folder and an empty database of its own.
type program struct {
	binary, folder, database string

	env []string // beside those that a run always has
}

// newProgram builds the binary and makes a database on the server, or embedded
// when there is none. end removes all of it.
func newProgram(ctx context.Context, server string) (p *program, end func() error, err error) {
	folder, err := os.MkdirTemp("", "tillpost-bench-")
	if err != nil {
		return nil, nil, err
	}
	end = func() error { return os.RemoveAll(folder) }
	p = &program{binary: filepath.Join(folder, "tillpost"), folder: folder, database: "sqlite://" + filepath.Join(folder, "tillpost.db")}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", p.binary, "./cmd/tillpost")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := build.CombinedOutput(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("build: %w: %s", err, out), end())
	}
	if server != "" {
		address, drop, err := makeDatabase(ctx, server)
		if err != nil {
			return nil, nil, errors.Join(err, end())
		}
		p.database = address
		end = func() error { return errors.Join(drop(), os.RemoveAll(folder)) }
	}
	// On PostgreSQL no key is made beside a merchant.
	for _, args := range [][]string{{"migrate", "up"}, {"keys", "create"}} {
		if out, err := p.command(ctx, args...).Output(); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%v: %w: %s", args, err, out), end())
		}
	}
	return p, end, nil
}

// report is what a run found: its words, and an error when a promise broke.
type report interface {
	fmt.Stringer
	Err() error
}

// prove makes a run on a program of its own and prints what it found.
func prove(ctx context.Context, server string, run func(p *program) (report, error)) (err error) {
	p, end, err := newProgram(ctx, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	r, err := run(p)
	if err != nil {
		return err
	}
	fmt.Print(r)
	return r.Err()
}

// serverFlag says on which database a run works.
func serverFlag(flags *flag.FlagSet) *string {
	return flags.String("server", "", "PostgreSQL server to make a database on; SQLite in a temporary folder when empty")
}

// command is the binary with arguments, which says on stderr what goes wrong.
func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.binary, args...)
	cmd.Env = append(os.Environ(), "TILLPOST_DATA="+p.folder, "TILLPOST_DATABASE_URL="+p.database, "TILLPOST_LOG=error")
	cmd.Env = append(cmd.Env, p.env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// run executes the binary and returns what it printed.
func (p *program) run(ctx context.Context) func(args ...string) ([]byte, error) {
	return func(args ...string) ([]byte, error) { return p.command(ctx, args...).Output() }
}

// freeAddrs are loopback addresses that nothing listens on at the moment.
func freeAddrs(n int) ([]string, error) {
	addrs := make([]string, n)
	for i := range addrs {
		addr, err := chaos.FreeAddr()
		if err != nil {
			return nil, err
		}
		addrs[i] = addr
	}
	return addrs, nil
}

func progressf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
