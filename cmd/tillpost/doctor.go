package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
	"github.com/tillpost/tillpost/secret"
)

// maxClockSkew is how far clocks may be apart before signatures are refused.
const maxClockSkew = 2 * time.Second

func doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check configuration, database, clock, figures, key and network", Args: noArgs,
		Long: "Check what serve would need, and change nothing: configuration, addresses, database, schema, clock,\n" +
			"figures, encryption key, stored credentials and the network. Takes the variables and flags of serve.",
	}
	c := bindConfig(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d := doctor{ctx: cmd.Context(), config: c, print: func(format string, args ...any) {
			fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
		}}
		d.examine()
		if d.failed > 0 {
			return fmt.Errorf("%s failed", counted(d.failed, "check"))
		}
		return nil
	}
	return cmd
}

// doctor prints a line for each check.
type doctor struct {
	ctx    context.Context //nolint:containedctx // one command's
	config *Config
	print  func(format string, args ...any)
	failed int
}

func (d *doctor) check(name string, err error, fine string) bool {
	if err != nil {
		d.failed++
		d.print("FAIL %s: %s", name, oneLine(err.Error()))
		return false
	}
	d.print("ok   %s: %s", name, oneLine(fine))
	return true
}

// examine goes on after a failure, as far as what failed lets it.
func (d *doctor) examine() {
	c := d.config
	misplaced := len(c.place()) > 0
	problems := c.problems()
	for _, problem := range problems {
		d.check("configuration", problem, "")
	}
	if len(problems) == 0 {
		d.check("configuration", nil, "base URL "+c.BaseURL+", data folder "+c.Data)
	}
	d.address("address", c.Addr)
	d.address("metrics", c.MetricsAddr)
	if misplaced {
		d.key(nil)
	} else {
		d.database()
	}
	d.network()
}

// database checks the database and what is stored there. An embedded one that
// the first start is going to make is fine.
func (d *doctor) database() {
	c := d.config
	db, err := openDatabase(d.ctx, c, existing)
	if errors.Is(err, errNoDatabase) {
		if d.check("database", c.canBeMade(), c.databaseFile()+" will be made at the first start") {
			d.key(nil)
		}
		return
	}
	if !d.check("database", err, "reachable") {
		d.key(nil)
		return
	}
	defer func() { _ = db.Close() }() // it was only read from
	current := d.schema(db)
	d.clock(db)
	if !current {
		d.key(nil)
		return
	}
	_, err = checkFigures(d.ctx, db, firstDay, lastDay)
	d.check("figures", err, "agree with what they count")
	if keys := d.key(db); keys != nil {
		d.credentials(db, credentials.New(keys))
	}
}

// schema says whether the database can be read by this binary.
func (d *doctor) schema(db *models.DB) bool {
	status, err := migrations.Read(d.ctx, target(db))
	switch {
	case err == nil && status.Newer():
		err = newerSchema(status)
	case err == nil && status.Pending() && d.config.embedded():
		d.check("migrations", nil, fmt.Sprintf("%s, the rest follows at the next start", status))
		return false
	case err == nil && status.Pending():
		err = fmt.Errorf("%s: run 'tillpost migrate up'", status)
	}
	return d.check("migrations", err, fmt.Sprintf("schema version %d", status.Current))
}

// key loads the key set, without making one. The database may be nil.
func (d *doctor) key(db *models.DB) *secret.Keys {
	keys, err := d.config.keys()
	missing, none := errors.AsType[*missingKeyError](err)
	if none && db != nil {
		err = d.config.mayMakeKey(d.ctx, db)
	} else if none && d.config.EncryptionKeyFile == "" {
		err = nil // without a database there is nothing that it would have to open
	}
	if err == nil && none {
		d.check("key", nil, missing.file+" will be made at the first start")
		return nil
	}
	d.check("key", err, "key set loaded")
	return keys
}

// address checks that an address can be listened on, or is by Tillpost itself.
func (d *doctor) address(name, addr string) {
	if !isAddress(addr) {
		return // off, or reported with the configuration
	}
	var config net.ListenConfig
	listener, err := config.Listen(d.ctx, "tcp", addr)
	if err == nil {
		d.check(name, listener.Close(), addr+" is free")
		return
	}
	if errors.Is(err, syscall.EADDRINUSE) && d.healthy(addressURL(addr)+"/healthz") {
		d.check(name, nil, addr+" is served by Tillpost")
		return
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("another program already listens on %s", addr)
	}
	d.check(name, err, "")
}

// healthy says whether Tillpost answers there.
func (d *doctor) healthy(url string) bool {
	ctx, cancel := context.WithTimeout(d.ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := safehttp.New(safehttp.Options{Timeout: 3 * time.Second}).Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var health struct {
		Status string `json:"status"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<10)).Decode(&health)
	return err == nil && response.StatusCode == http.StatusOK && health.Status == "ok"
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
	accounts, failures, err := openAll(d.ctx, db, vault)
	d.check("credentials", errors.Join(append(failures, err)...), counted(accounts, "account")+" can be opened")
}

// openAll opens the secrets of all accounts, and returns why some cannot be.
func openAll(ctx context.Context, db *models.DB, vault *credentials.Vault) (accounts int, failures []error, err error) {
	try := func(table credentials.Table, a *models.Account) {
		accounts++
		if _, err := vault.Open(table, a); err != nil {
			failures = append(failures, err)
		}
	}
	gateways, err := db.GatewayAccounts(ctx, models.AllMerchants())
	if err != nil {
		return 0, nil, err
	}
	for i := range gateways {
		try(credentials.Gateways, &gateways[i].Account)
	}
	carriers, err := db.CarrierAccounts(ctx, models.AllMerchants())
	if err != nil {
		return accounts, failures, err
	}
	for i := range carriers {
		try(credentials.Carriers, &carriers[i].Account)
	}
	channels, err := db.AlertChannels(ctx, models.AllMerchants())
	for i := range channels {
		account := channels[i].AsAccount()
		try(credentials.Channels, &account)
	}
	return accounts, failures, err
}

// unreadable counts the accounts whose secrets the node cannot open.
func (a *app) unreadable(ctx context.Context) (int, error) {
	_, failures, err := openAll(ctx, a.db, a.vault)
	return len(failures), err
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
			d.print("warn network: %s cannot be reached: %s", host, plainly(err))
			continue
		}
		d.print("ok   network: %s reachable", host)
	}
}

func plainly(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "its name does not resolve"
	}
	return string(safehttp.Classify(err))
}
