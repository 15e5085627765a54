package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tillpost/tillpost/bench/chaos"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/workers"
)

// asProgram makes the test binary act as the program, so that tests can kill it.
const asProgram = "TILLPOST_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "":
		os.Exit(m.Run())
	case "hasty":
		os.Exit(serveHastily())
	default:
		os.Exit(run(os.Args[1:]))
	}
}

// hastyPolicy has the shape of the default one, in seconds instead of days.
func hastyPolicy() payments.Policy {
	p := payments.DefaultPolicy().Paced(100)
	p.Timeout, p.Lease, p.Settle = 2*time.Second, 5*time.Second, 4*time.Second
	p.Pace = 1
	for i := range p.Rules.Technical {
		p.Rules.Technical[i] = 100 * time.Millisecond
	}
	for i := range p.Inquiries {
		p.Inquiries[i] = time.Second
	}
	p.Rules.Declined = nil
	return p
}

// serveHastily is serve under the hasty policy.
func serveHastily() int {
	c := fromEnvironment()
	err := c.complete()
	if err == nil {
		jobs := workers.DefaultOptions()
		jobs.JobTimeout, jobs.RescueAfter, jobs.RescueAttemptsEvery = 8*time.Second, 10*time.Second, 2*time.Second
		err = serve(context.Background(), c, serveOptions{web: true, workers: true, policy: hastyPolicy(), jobs: jobs, grace: time.Second})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailure
	}
	return exitOK
}

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
	key, lanes, err := bank.Setup(func(args ...string) ([]byte, error) {
		return program(t.Context(), "cli", args...).Output()
	}, addr, chaos.Kinds...)
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
