package alerts

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/mail/mailtest"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/secret"
)

// bench is a service on a fresh database, with a clock that tests move and a
// mail server that keeps what it gets.
type bench struct {
	*Service

	t     *testing.T
	db    *models.DB
	now   time.Time
	sink  *mailtest.Sink
	vault *credentials.Vault
}

var start = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

func newBench(t *testing.T, db *models.DB, opts Options) *bench {
	t.Helper()
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, db: db, now: start, sink: mailtest.New(t), vault: credentials.New(keys)}
	db.Now = func() time.Time { return b.now }
	db.PublicURL = "http://tillpost.test"
	if opts.Sender == nil {
		opts.Sender = sender(t, b.sink)
	}
	opts.Node = "node"
	b.Service = NewService(db, b.vault, opts, slog.New(slog.DiscardHandler))
	return b
}

func sender(t *testing.T, sink *mailtest.Sink) *mail.Sender {
	t.Helper()
	server, err := mail.ParseURL(sink.URL())
	if err != nil {
		t.Fatal(err)
	}
	return mail.New(server, mail.Options{AllowNets: loopback, RootCAs: sink.CAs})
}

// note stores an evaluation of what a test says was found.
func (b *bench) note(findings ...signal) {
	b.t.Helper()
	if err := b.noteOnce(b.t.Context(), findings); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) noteOnce(ctx context.Context, findings []signal) error {
	var turn int64
	err := b.db.Write(ctx, func(tx *models.Tx) (err error) {
		turn, _, err = tx.ClaimAlertTurn("node", 0)
		return err
	})
	if err != nil {
		return err
	}
	found := state{signals: findings, rules: map[string]Adjusted{}}
	for _, r := range Rules() {
		found.rules[r.Kind] = r.adjust(nil)
	}
	_, err = b.apply(ctx, turn, found)
	return err
}

// broken is what a rule found.
func broken(kind, object, merchant string) signal {
	r, ok := RuleOf(kind)
	if !ok {
		panic("no rule " + kind)
	}
	f := Finding{Object: object, MerchantID: merchant, Detail: map[string]string{detailName: "Tea & Co", detailCount: "3"}}
	return signal{Finding: f, rule: r.adjust(nil), key: r.key(f)}
}

// after moves the clock.
func (b *bench) after(d time.Duration) { b.now = b.now.Add(d) }

// deliverAll sends what is due, and what a digest makes due.
func (b *bench) deliverAll() {
	b.t.Helper()
	for range 3 {
		if err := b.SendDue(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

// incidents lists all, oldest first.
func (b *bench) incidents() []models.Incident {
	b.t.Helper()
	rows, _, err := b.db.Incidents(b.t.Context(), models.AllMerchants(), models.IncidentFilter{}, models.Page{Limit: 200})
	if err != nil {
		b.t.Fatal(err)
	}
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows
}

// subjects are those of the mails that arrived, without who writes them.
func (b *bench) subjects() []string {
	var all []string
	for _, m := range b.sink.Mails() {
		all = append(all, strings.TrimPrefix(m.Subject(), Brand+": "))
	}
	return all
}

// user makes somebody who gets mails.
func (b *bench) user(role, merchant string) *models.User {
	b.t.Helper()
	u := models.User{Email: strings.ToLower(models.NewID("who")) + "@example.com", Role: role, PasswordHash: "unusable"}
	if merchant != "" {
		u.MerchantID = &merchant
	}
	var made *models.User
	modelstest.Write(b.t, b.db, func(tx *models.Tx) (err error) {
		made, err = tx.CreateUser(u)
		return err
	})
	return made
}

func (b *bench) want(what string, got, want []string) {
	b.t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		b.t.Errorf("%s: %q, want %q", what, got, want)
	}
}
