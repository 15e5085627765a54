package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/monitor"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/sandbox"
	"github.com/tillpost/tillpost/workers"
)

// demoPace is how much faster than in life the demo's parcels are polled.
const demoPace = 600

// demoGrace is short: nobody waits for a demo's customers.
const demoGrace = time.Second

func demoCommand() *cobra.Command {
	var (
		addr, keep, level string
		asJSON            bool
	)
	cmd := &cobra.Command{
		Use: "demo", Short: "Serve sample shops with a sandbox that keeps things moving", Args: noArgs,
		Long: "Serve on an embedded database in a throw-away folder, with sample merchants, orders, payments and\n" +
			"parcels, and the sandbox providers and carriers inside: new orders arrive, payments settle or fail,\n" +
			"parcels move. Prints the address and a login for each role.",
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8080", "listen address")
	cmd.Flags().StringVar(&keep, "keep", "", "keep everything in this folder and go on from there next time")
	cmd.Flags().StringVar(&level, "log", "warn", "level and format: info, debug,json …")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		folder, remove, err := demoFolder(keep)
		if err != nil {
			return err
		}
		c := &Config{Addr: addr, Data: folder, Log: level, flags: cmd.Flags(), AllowNets: "127.0.0.0/8,::1/128"}
		d := &demo{folder: folder, print: func(s demoState) error { return s.print(cmd, asJSON) }}
		return errors.Join(d.run(cmd.Context(), c), remove())
	}
	return cmd
}

// demoFolder is the folder to keep, or a temporary one and how to remove it.
func demoFolder(keep string) (folder string, remove func() error, err error) {
	if keep != "" {
		if err := demoOnly(keep); err != nil {
			return "", nil, err
		}
		if err := os.MkdirAll(keep, 0o700); err != nil {
			return "", nil, fmt.Errorf("--keep %s cannot be made: %w", keep, err)
		}
		return keep, func() error { return nil }, nil
	}
	folder, err = os.MkdirTemp("", "tillpost-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	return folder, func() error { return os.RemoveAll(folder) }, nil
}

// demoOnly refuses a folder that holds somebody's real data, among which the
// demo's shops and traffic would appear.
func demoOnly(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, stateName)); err == nil {
		return nil
	}
	for _, name := range []string{"tillpost.db", "tillpost.key"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return usageError{fmt.Errorf("--keep %s holds a %s that no demo made: choose another folder", folder, name)}
		}
	}
	return nil
}

const stateName = "demo.json"

// demo is a node with the sandbox beside it.
type demo struct {
	folder  string
	fake    *sandbox.Server
	outside string // its URL
	print   func(demoState) error
	tracer  *monitor.Tracer
}

// run serves until the context ends.
func (d *demo) run(ctx context.Context, c *Config) error {
	if err := c.complete(); err != nil {
		return err
	}
	log, err := c.logger()
	if err != nil {
		return err
	}
	fake, err := sandbox.New(sandbox.Options{
		Journal: filepath.Join(d.folder, "sandbox.journal"), HangMax: 40 * time.Second, Logger: log,
	})
	if err != nil {
		return err
	}
	var loopback net.ListenConfig
	listener, err := loopback.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("start the sandbox: %w", err), fake.Close())
	}
	d.fake, d.outside = fake, "http://"+listener.Addr().String()
	server := &http.Server{Handler: d.routes(fake.Handler()), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	err = serve(ctx, c, serveOptions{
		web: true, workers: true, demo: true, pace: demoPace, policy: payments.DefaultPolicy(),
		jobs: workers.DefaultOptions(), grace: demoGrace, ready: d.begin, tracer: d.tracer,
	})
	err = errors.Join(err, fake.Close(), server.Close())
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// routes adds to the sandbox what plays the merchants' own servers: it takes
// webhooks, and now and then fails to.
func (d *demo) routes(fake http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", fake)
	mux.Handle("POST /shop/{merchant}", &shopServer{})
	return mux
}

// begin fills an empty database, or adopts the one that was kept, prints where
// to sign in and starts the traffic.
func (d *demo) begin(ctx context.Context, a *app) error {
	state, kept, err := d.load()
	if err != nil {
		return err
	}
	if kept {
		err = d.adopt(ctx, a)
	} else if state, err = d.seed(ctx, a); err != nil {
		err = fmt.Errorf("fill the demo: %w", err)
	} else {
		err = d.save(state)
	}
	if err != nil {
		return err
	}
	state.URL = a.config.BaseURL
	if err := d.print(*state); err != nil {
		return err
	}
	traffic := newTraffic(state, a.config.BaseURL, d.outside, a.log)
	a.background.Go(func() { traffic.run(ctx) })
	a.background.Go(func() { d.settle(ctx, a) })
	return nil
}

// demoState is what the demo prints, and keeps for the next start.
type demoState struct {
	URL     string      `json:"url"`
	Logins  []demoLogin `json:"logins"`
	APIKeys []demoKey   `json:"api_keys"`
}

type demoLogin struct {
	Role     string `json:"role"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

type demoKey struct {
	Merchant string `json:"merchant"`
	Key      string `json:"key"`
}

func (s demoState) print(cmd *cobra.Command, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(s)
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "Tillpost demo at %s\n\nSign in as\n", s.URL)
	for _, l := range s.Logins {
		fmt.Fprintf(out, "  %-9s %-24s password %s\n", l.Role, l.Email, l.Password)
	}
	fmt.Fprintln(out, "\nAPI keys")
	for _, k := range s.APIKeys {
		fmt.Fprintf(out, "  %-18s %s\n", k.Merchant, k.Key)
	}
	_, err := fmt.Fprintln(out, "\nCtrl-C ends it.")
	return err
}

func (d *demo) stateFile() string { return filepath.Join(d.folder, stateName) }

// load reads the state of a kept demo, if there is one.
func (d *demo) load() (state *demoState, kept bool, err error) {
	text, err := os.ReadFile(d.stateFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	state = &demoState{}
	if err := json.Unmarshal(text, state); err != nil {
		return nil, false, fmt.Errorf("%s: %w", d.stateFile(), err)
	}
	return state, true, nil
}

func (d *demo) save(s *demoState) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(d.stateFile(), text, 0o600)
}
