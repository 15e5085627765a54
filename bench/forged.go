package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"time"

	"github.com/tillpost/tillpost/bench/chaos"
	"github.com/tillpost/tillpost/bench/forged"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/sandbox"
)

// signatureHeaders are those of the formats that are signed with a shared secret.
var signatureHeaders = map[string]string{"sandbox": "Sandbox-Signature", "stripe": "Stripe-Signature"}

// runForged sends the program forged, stale, repeated and unordered webhooks of
// providers and compares what it believes with the ledger.
func runForged(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("forged", flag.ExitOnError)
	payments := flags.Int("payments", 4000, "payments to send; each has one webhook or two of its own, and as many false or repeated ones")
	clients := flags.Int("clients", 8, "shops that send at the same time")
	server := serverFlag(flags)
	settle := flags.Duration("settle", 12*time.Minute, "how long to wait for the last outcome")
	if err := flags.Parse(args); err != nil {
		return err
	}
	program, end, err := newProgram(ctx, *server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	bank, err := chaos.OpenBank(time.Minute)
	if err != nil {
		return err
	}
	defer bank.Close()
	addrs, err := freeAddrs(2)
	if err != nil {
		return err
	}
	web, metrics := addrs[0], addrs[1]
	postman, err := forged.Open(web)
	if err != nil {
		return err
	}
	defer postman.Close()
	program.env = []string{"TILLPOST_TRUSTED_PROXIES=127.0.0.1", "TILLPOST_METRICS_ADDR=" + metrics}
	key, lanes, err := bank.Setup(program.run(ctx), "Shop", postman.URL, "sandbox", "stripe")
	if err != nil {
		return err
	}
	_, others, err := bank.Setup(program.run(ctx), "Other shop", postman.URL, "sandbox", "stripe")
	if err != nil {
		return err
	}
	for i, lane := range lanes {
		lanes[i].Tokens = slices.DeleteFunc(lane.Tokens, neverDone)
		postman.Know(lane.Gateway, forged.Account{Header: signatureHeaders[lane.Kind], Secret: lane.Secret, Other: others[i].Secret})
	}
	delivering, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { postman.Deliver(delivering); close(done) }()
	defer func() { stop(); <-done }()
	rejected := 0
	report, err := chaos.Run(ctx, chaos.Options{
		Payments: *payments, Clients: *clients, Lanes: lanes, Settle: *settle,
		API: "http://" + web + "/api/v1", Key: key, Ledger: bank.Ledger, Log: progressf,
		Start: func(ctx context.Context) *exec.Cmd {
			return program.command(ctx, "serve", "--addr", web, "--pace", "60")
		},
		After: func(ctx context.Context) error {
			stop()
			<-done
			rejected, err = rejectedHooks(ctx, metrics)
			return err
		},
	})
	if err != nil {
		return err
	}
	sent, wrong := postman.Report()
	stored, err := inboundEvents(ctx, program.database)
	if err != nil {
		return err
	}
	fmt.Printf("payments %d, statuses %v, doubled %d, lost %d, unsettled %d, mismatched %d\n"+
		"webhooks %d: genuine %d (late %d), repeated %d, altered %d, unsigned %d, stale %d, another merchant's %d\n"+
		"refused and counted %d of %d, stored %d, wrong answers %d, %s\n",
		report.Accepted, report.Statuses, len(report.Doubled), len(report.Lost), len(report.Unsettled), len(report.Mismatched),
		sent.All(), sent.Genuine, sent.Late, sent.Repeated, sent.Altered, sent.Unsigned, sent.Stale, sent.Alien,
		rejected, sent.Refused(), stored, len(wrong), report.Elapsed.Round(time.Second))
	switch {
	case len(wrong) > 0:
		return fmt.Errorf("wrong answers, the first: %s", wrong[0])
	case rejected != sent.Refused():
		return fmt.Errorf("%d were refused, %d are counted", sent.Refused(), rejected)
	case stored != sent.Genuine:
		return fmt.Errorf("%d webhooks are stored, %d were genuine", stored, sent.Genuine)
	}
	return report.Err()
}

// neverDone says whether the bank does nothing about a token, so that no webhook
// comes of it; that it does nothing takes minutes to prove.
func neverDone(token string) bool {
	return slices.ContainsFunc(sandbox.Outcomes(), func(o sandbox.Outcome) bool {
		return o.Token == token && slices.Contains([]sandbox.Fault{sandbox.FaultTimeoutBefore, sandbox.FaultResetBefore, sandbox.FaultErrorBefore}, o.Fault)
	})
}

// rejectedHooks reads how many webhooks the program says that it refused.
func rejectedHooks(ctx context.Context, metrics string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+metrics+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return sumOf(response.Body, "tillpost_hooks_rejected_total")
}

// inboundEvents counts what is stored of providers' webhooks.
func inboundEvents(ctx context.Context, address string) (count int, err error) {
	db, err := models.Open(ctx, address)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM inbound_events").Scan(&count)
	return count, err
}
