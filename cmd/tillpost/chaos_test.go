//go:build !race

package main

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tillpost/tillpost/bench/chaos"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// TestAcceptance07KilledWhilePaying is the small run of bench chaos: the ledger
// and the database tell the same, however often the program is killed.
func TestAcceptance07KilledWhilePaying(t *testing.T) {
	t.Parallel()
	databases := map[string]func(testing.TB) string{
		string(models.SQLite): modelstest.SQLiteURL, string(models.Postgres): modelstest.PostgresURL,
	}
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runChaos(t, database(t))
		})
	}
}

func runChaos(t *testing.T, database string) {
	t.Helper()
	folder := t.TempDir()
	bank, err := chaos.OpenBank(3 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bank.Close)
	bank.Linger(50 * time.Millisecond)     // kills meet charges that nobody was told of
	if err := bank.Drop(0.5); err != nil { // and that only half of the webhooks tell of
		t.Fatal(err)
	}
	addr, err := chaos.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := func(ctx context.Context, mode string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Env = append(os.Environ(), asProgram+"="+mode, "TILLPOST_DATA="+folder,
			"TILLPOST_DATABASE_URL="+database, "TILLPOST_ADDR="+addr, "TILLPOST_LOG=error")
		cmd.Stderr = os.Stderr
		return cmd
	}
	run := func(args ...string) ([]byte, error) { return program(t.Context(), "cli", args...).Output() }
	if out, err := run("keys", "create"); err != nil {
		t.Fatalf("keys create: %v: %s", err, out)
	}
	key, lanes, err := bank.Setup(run, "Chaos", addr, chaos.Kinds...)
	if err != nil {
		t.Fatal(err)
	}
	report, err := chaos.Run(t.Context(), chaos.Options{
		Payments: 120, Kills: 5, Clients: 4, Lanes: lanes, Settle: 3 * time.Minute,
		API: "http://" + addr + "/api/v1", Key: key, Ledger: bank.Ledger, Ripe: bank.Pending, Log: t.Logf,
		Start: func(ctx context.Context) *exec.Cmd { return program(ctx, "hasty") },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d accepted, %v, %s", report.Accepted, report.Statuses, report.Elapsed)
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	if report.Accepted != 120 || report.Kills != 5 {
		t.Errorf("%d payments accepted, %d kills", report.Accepted, report.Kills)
	}
}
