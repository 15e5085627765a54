package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

// maxClockSkew is how far clocks may be apart before signatures are refused.
const maxClockSkew = 2 * time.Second

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check configuration, database, clock, figures, key and network", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := doctor{ctx: cmd.Context(), print: func(format string, args ...any) {
				fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
			}}
			d.examine()
			if d.failed > 0 {
				return fmt.Errorf("%d check(s) failed", d.failed)
			}
			return nil
		},
	}
}

// doctor prints a line for each check.
type doctor struct {
	ctx    context.Context //nolint:containedctx // one command's
	print  func(format string, args ...any)
	failed int
}

func (d *doctor) check(name string, err error, fine string) bool {
	if err != nil {
		d.failed++
		d.print("FAIL  %-14s %v", name, err)
		return false
	}
	d.print("ok    %-14s %s", name, fine)
	return true
}

func (d *doctor) examine() {
	c := fromEnvironment()
	if !d.check("configuration", c.complete(), "addr "+c.Addr+", base URL "+c.BaseURL) {
		return
	}
	keys, err := c.keys()
	haveKeys := d.check("key", err, "key set loaded")
	db, err := d.openDatabase(c)
	if !d.check("database", err, "reachable") {
		d.network()
		return
	}
	defer func() { _ = db.Close() }() // it was only read from
	status, err := migrations.Read(d.ctx, target(db))
	if err == nil && status.Newer() {
		err = fmt.Errorf("schema version %d is newer than this binary's %d", status.Current, status.Latest)
	}
	if err == nil && status.Pending() {
		err = fmt.Errorf("%s: run 'tillpost migrate up'", status)
	}
	current := d.check("migrations", err, fmt.Sprintf("schema version %d", status.Current))
	d.clock(db)
	if current {
		_, err = checkFigures(d.ctx, db, firstDay, lastDay)
		d.check("figures", err, "agree with what they count")
	}
	if haveKeys && current {
		d.credentials(db, credentials.New(keys))
	}
	d.network()
}

func (d *doctor) openDatabase(c *Config) (*models.DB, error) {
	if c.embedded() {
		if err := c.makeDataFolder(); err != nil {
			return nil, err
		}
	}
	return models.Open(d.ctx, c.DatabaseURL)
}

// clock compares this machine's clock with the database's.
func (d *doctor) clock(db *models.DB) {
	theirs, err := db.ServerTime(d.ctx)
	skew := time.Since(theirs)
	if err == nil && skew.Abs() > maxClockSkew {
		err = fmt.Errorf("differs from the database's by %s: synchronize both", skew.Round(time.Millisecond))
	}
	d.check("clock", err, "agrees with the database's")
}

// credentials opens every stored secret.
func (d *doctor) credentials(db *models.DB, vault *credentials.Vault) {
	gateways, err := db.GatewayAccounts(d.ctx, models.AllMerchants())
	for i := range gateways {
		_, openErr := vault.Open(credentials.Gateways, &gateways[i].Account)
		err = errors.Join(err, openErr)
	}
	carriers, listErr := db.CarrierAccounts(d.ctx, models.AllMerchants())
	err = errors.Join(err, listErr)
	for i := range carriers {
		_, openErr := vault.Open(credentials.Carriers, &carriers[i].Account)
		err = errors.Join(err, openErr)
	}
	d.check("credentials", err, fmt.Sprintf("%d accounts can be opened", len(gateways)+len(carriers)))
}

// outside are hosts that Tillpost calls when accounts for them exist.
var outside = []string{"api.stripe.com", "api-eu.dhl.com"}

// network checks that providers can be reached. A node that uses a proxy host
// or only a sandbox may do without.
func (d *doctor) network() {
	client := safehttp.New(safehttp.Options{Timeout: 5 * time.Second})
	for _, host := range outside {
		ctx, cancel := context.WithTimeout(d.ctx, 5*time.Second)
		request, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+host+"/", http.NoBody)
		if err == nil {
			var response *http.Response
			if response, err = client.Do(request); err == nil {
				err = response.Body.Close()
			}
		}
		cancel()
		if err != nil {
			d.print("warn  %-14s %s cannot be reached: %s", "network", host, plainly(err))
			continue
		}
		d.print("ok    %-14s %s reachable", "network", host)
	}
}

func plainly(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "its name does not resolve"
	}
	return string(safehttp.Classify(err))
}
