package main

import (
	"context"
	"errors"
	"net"
	"os"
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
