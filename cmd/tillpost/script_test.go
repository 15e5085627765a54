package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tillpost/tillpost/models"
)

// TestScripts runs the command line as a person would: each file in
// testdata/script is one session.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// sql STATEMENT changes the embedded database behind the program's back.
			"sql": func(ts *testscript.TestScript, _ bool, args []string) {
				db, err := models.Open(context.Background(), "sqlite://"+ts.Getenv("TILLPOST_DATA")+"/tillpost.db")
				ts.Check(err)
				_, err = db.SQL().ExecContext(context.Background(), args[0])
				ts.Check(errors.Join(err, db.Close()))
			},
			"fails": fails,
			// mode MODE FILE wants the file to have just these permissions.
			"mode": func(ts *testscript.TestScript, _ bool, args []string) {
				info, err := os.Stat(ts.MkAbs(args[1]))
				ts.Check(err)
				if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
					ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
				}
			},
			// remember FILE FIELD NAME keeps a field of an object in a variable.
			"remember": func(ts *testscript.TestScript, _ bool, args []string) {
				var object map[string]any
				ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &object))
				ts.Setenv(args[2], fmt.Sprint(object[args[1]]))
			},
		},
		Setup: func(env *testscript.Env) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Defer(func() { _ = listener.Close() }) // it served its purpose
			env.Setenv("tillpost", self)
			env.Setenv(asProgram, "cli")
			env.Setenv("TAKEN", listener.Addr().String())
			env.Setenv("TILLPOST_DATA", env.WorkDir+"/data")
			env.Setenv("TILLPOST_LOG", "error,json")
			return nil
		},
	})
}

// fails CODE ARGS… runs the program and wants this exit code, and nothing that
// is meant for machines on standard error.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(ts.Getenv("tillpost"), args[1:]...)
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		ts.Fatalf("%v ended with %v, want exit code %s", args[1:], err, args[0])
	}
	if got := strconv.Itoa(exit.ExitCode()); got != args[0] {
		ts.Fatalf("%v ended with exit code %s, want %s", args[1:], got, args[0])
	}
}
