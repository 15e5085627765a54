package main

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

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
