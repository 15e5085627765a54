package tracking_test

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/mail/mailtest"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views"
)

// office is a merchant who mails everything, with a parcel, a mail server and
// a clock that stands until it is moved.
type office struct {
	t        *testing.T
	db       *models.DB
	sink     *mailtest.Sink
	service  *tracking.Service
	merchant *models.Merchant
	order    *models.Order
	parcel   *models.Shipment
	clock    atomic.Int64
}

func newOffice(t *testing.T, db *models.DB) *office {
	t.Helper()
	o := &office{t: t, db: db, sink: mailtest.New(t), merchant: modelstest.Merchant(t, db)}
	o.clock.Store(db.Now().UnixMicro())
	db.Now = func() time.Time { return time.UnixMicro(o.clock.Load()).UTC() }
	db.PublicURL = "https://pages.example"
	o.service = newService(t, db, o.sink)
	o.order = modelstest.Order(t, db, o.merchant.ID, 900)
	o.settings(func(*models.TrackingSettings) {})
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		o.parcel, err = tx.CreateShipment(models.Shipment{
			MerchantID: o.merchant.ID, OrderID: o.order.ID, Carrier: "dhl", TrackingNumber: "N1", Direction: models.DirectionOutbound,
		})
		return err
	})
	return o
}

// newService has the sink for its mail server, or none.
func newService(t *testing.T, db *models.DB, sink *mailtest.Sink) *tracking.Service {
	t.Helper()
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	options := tracking.Options{CarrierName: views.CarrierName, Day: views.PlainDay}
	if sink != nil {
		server, err := mail.ParseURL(sink.URL())
		if err != nil {
			t.Fatal(err)
		}
		options.Sender = mail.New(server, mail.Options{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	}
	return tracking.NewService(db, keys, options, slog.New(slog.DiscardHandler))
}

func (o *office) settings(change func(*models.TrackingSettings)) {
	o.t.Helper()
	s := models.TrackingSettings{MerchantID: o.merchant.ID, Page: true, Mails: models.MailKinds, Language: "en"}
	change(&s)
	modelstest.Write(o.t, o.db, func(tx *models.Tx) error { return tx.PutTrackingSettings(s) })
}

func (o *office) move(status string) {
	o.t.Helper()
	modelstest.Write(o.t, o.db, func(tx *models.Tx) error {
		s, err := tx.Shipment(models.AllMerchants(), o.parcel.ID)
		if err != nil {
			return err
		}
		return tx.MoveShipment(s, models.ShipmentChange{Cause: "poll", Status: status})
	})
}

// last is the newest mail about the parcel.
func (o *office) last() models.CustomerMail {
	o.t.Helper()
	mails, err := o.db.CustomerMails(o.t.Context(), o.parcel.ID)
	if err != nil || len(mails) == 0 {
		o.t.Fatalf("mails %v, %v", mails, err)
	}
	return mails[0]
}

// send makes a try of the newest mail.
func (o *office) send() models.CustomerMail {
	o.t.Helper()
	if _, err := o.service.Send(o.t.Context(), o.last().ID); err != nil {
		o.t.Fatal(err)
	}
	return o.last()
}

func (o *office) pass(d time.Duration) { o.clock.Add(d.Microseconds()) }

func TestSend(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		o.settings(func(s *models.TrackingSettings) { s.SenderName, s.ReplyTo = "Kedai Kopi", "help@teh.example" })
		o.move(models.ShipmentInTransit)
		if m := o.send(); m.State != models.MailSent || m.SentAt == nil || m.Tries != 1 || m.Error != "" {
			t.Errorf("%+v", m)
		}
		if m := o.send(); m.Tries != 1 { // a job that comes twice
			t.Errorf("%+v", m)
		}
		mails := o.sink.Mails()
		if len(mails) != 1 {
			t.Fatalf("%d mails", len(mails))
		}
		got := mails[0]
		if got.To != "grace@example.com" || got.Subject() != "Kedai Kopi: your order "+o.order.Number+" is on its way" ||
			got.Header.Get("Message-Id") != "<"+o.last().ID+"@tillpost.example>" || got.Header.Get("Reply-To") != "<help@teh.example>" {
			t.Errorf("%+v", got)
		}
		page := "https://pages.example/t/" + o.parcel.PublicToken
		if !strings.Contains(got.Text, page) || !strings.Contains(got.HTML, page) {
			t.Errorf("the page is not named: %s", got.Text)
		}
		if strings.Contains(got.Text+got.HTML, "Grace") {
			t.Error("the mail holds more of the customer than it needs")
		}
		link := strings.Trim(strings.Join(strings.Fields(got.Header.Get("List-Unsubscribe")), ""), "<>")
		token, ours := strings.CutPrefix(link, "https://pages.example/t/stop/")
		out, err := o.service.ReadOptOut(token)
		if !ours || err != nil || out != (tracking.OptOut{MerchantID: o.merchant.ID, AddressHash: models.AddressHash(o.merchant.ID, "grace@example.com")}) {
			t.Errorf("link %q: %+v, %v", link, out, err)
		}
		if !strings.Contains(got.Text, link) {
			t.Error("the text does not say how to stop mails")
		}
	})
}

// Many workers that have the same mail send it once.
func TestOneMailOfManyWorkers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		o.move(models.ShipmentDelivered)
		id := o.last().ID
		services := []*tracking.Service{o.service, newService(t, db, o.sink), newService(t, db, o.sink)} // nodes
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				if _, err := services[i%len(services)].Send(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(o.sink.Mails()); n != 1 || o.last().State != models.MailSent {
			t.Errorf("%d mails, %s", n, o.last().State)
		}
	})
}

func TestWhatKeepsAMailFromBeingSent(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before func(o *office)
		want   string
	}{
		"the parcel has gone on":   {func(o *office) { o.move(models.ShipmentDelivered); o.move(models.ShipmentReturning) }, "outdated"},
		"the merchant has it off":  {func(o *office) { o.settings(func(s *models.TrackingSettings) { s.Mails = nil }) }, "off"},
		"the customer wants none":  {func(o *office) { o.optOut("GRACE@example.com ") }, "opted_out"},
		"the address is forgotten": {func(o *office) { o.forget() }, "no_address"},
		"there is no mail server":  {func(o *office) { o.service = newService(o.t, o.db, nil) }, "no_server"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				o := newOffice(t, db)
				o.move(models.ShipmentOutForDelivery)
				id := o.last().ID
				test.before(o)
				if _, err := o.service.Send(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				m, err := db.CustomerMail(t.Context(), id)
				if err != nil || m.State != models.MailSuppressed || m.Error != test.want || len(o.sink.Mails()) != 0 {
					t.Errorf("%+v, %v, %d mails", m, err, len(o.sink.Mails()))
				}
			})
		})
	}
}

func (o *office) optOut(address string) {
	modelstest.Write(o.t, o.db, func(tx *models.Tx) error {
		return tx.OptOut(o.merchant.ID, models.AddressHash(o.merchant.ID, address))
	})
}

// forget lets the address's time be over before the mail was sent.
func (o *office) forget() {
	o.pass(31 * 24 * time.Hour)
	modelstest.Write(o.t, o.db, func(tx *models.Tx) error {
		_, err := tx.Prune(10)
		return err
	})
}

// What the server did not take is tried again, with longer waits, and then
// given up where people see it.
func TestRetries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		o.sink.Respond(func(command string) string {
			if command == "RCPT" {
				return "451 later"
			}
			return ""
		})
		o.move(models.ShipmentDelivered)
		last := time.Duration(0)
		for try := 1; ; try++ {
			m := o.send()
			if m.Tries != try || m.Error != "deferred 451" {
				t.Fatalf("try %d: %+v", try, m)
			}
			if m.State == models.MailFailed {
				if try != 6 || m.NextAt != nil {
					t.Errorf("given up after %d tries: %+v", try, m)
				}
				break
			}
			wait := m.NextAt.Sub(db.Now())
			if m.State != models.MailQueued || wait <= last {
				t.Fatalf("try %d: waits %v after %v, %s", try, wait, last, m.State)
			}
			if early, err := o.service.Send(t.Context(), m.ID); err != nil || early <= 0 || o.last().Tries != try {
				t.Fatalf("sent before its time: %v, %v", early, err)
			}
			last = wait
			o.pass(wait)
		}
		if n := len(o.sink.Mails()); n != 0 {
			t.Errorf("%d mails", n)
		}
	})
}

func TestRefusedMailsAreGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		o.sink.Respond(func(command string) string {
			if command == "RCPT" {
				return "550 nobody"
			}
			return ""
		})
		o.move(models.ShipmentDelivered)
		if m := o.send(); m.State != models.MailFailed || m.Error != "refused 550" {
			t.Errorf("%+v", m)
		}
	})
}

// Between handing a mail over and noting that it was taken the server hangs up,
// or the process dies. Nobody knows whether it arrived; it is not sent again.
func TestAMailOfUnclearFateIsNotSentAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		t.Run("the server hangs up", func(t *testing.T) {
			o := newOffice(t, db)
			o.sink.Respond(func(command string) string {
				if command == "." {
					return "close"
				}
				return ""
			})
			o.move(models.ShipmentDelivered)
			for range 3 {
				if m := o.send(); m.State != models.MailFailed || m.Error != models.MailUnclear {
					t.Fatalf("%+v", m)
				}
				o.pass(time.Hour)
			}
			if n := len(o.sink.Mails()); n != 1 {
				t.Errorf("%d mails", n)
			}
		})
		t.Run("the process dies", func(t *testing.T) {
			o := newOffice(t, db)
			o.move(models.ShipmentDelivered)
			m := o.last()
			modelstest.Write(t, db, func(tx *models.Tx) error {
				if _, err := tx.ClaimMail(m.ID, time.Minute); err != nil {
					return err
				}
				claimed, err := tx.CustomerMail(m.ID)
				if err != nil {
					return err
				}
				_, err = tx.BeginMail(claimed)
				return err
			})
			for range 3 {
				o.pass(time.Hour)
				if err := o.service.Rescue(t.Context()); err != nil {
					t.Fatal(err)
				}
				o.send()
			}
			if got := o.last(); got.State != models.MailFailed || got.Error != models.MailUnclear || len(o.sink.Mails()) != 0 {
				t.Errorf("%+v", got)
			}
		})
		t.Run("the process dies before", func(t *testing.T) {
			o := newOffice(t, db)
			o.move(models.ShipmentDelivered)
			m := o.last()
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.ClaimMail(m.ID, time.Minute)
				return err
			})
			if wait, err := o.service.Send(t.Context(), m.ID); err != nil || wait <= 0 {
				t.Errorf("another worker waits %v, %v", wait, err)
			}
			o.pass(time.Hour)
			if got := o.send(); got.State != models.MailSent || len(o.sink.Mails()) != 1 {
				t.Errorf("%+v", got)
			}
		})
		t.Run("the job is canceled while the server thinks", func(t *testing.T) {
			o := newOffice(t, db)
			o.move(models.ShipmentDelivered)
			ctx, cancel := context.WithCancel(t.Context())
			o.sink.Respond(func(command string) string {
				if command == "." {
					cancel()
					<-ctx.Done()
				}
				return ""
			})
			if _, err := o.service.Send(ctx, o.last().ID); err != nil {
				t.Fatal(err)
			}
			if got := o.last(); got.State != models.MailSent && got.Error != models.MailUnclear {
				t.Errorf("%+v", got)
			}
			o.pass(time.Hour)
			o.send()
			if n := len(o.sink.Mails()); n != 1 {
				t.Errorf("%d mails", n)
			}
		})
	})
}

// The order's language counts before the merchant's.
func TestLanguages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for _, test := range []struct{ merchant, metadata, want string }{
			{"ms", `{}`, "ms"}, {"ms", `{"language":"zh-CN"}`, "zh-Hans"}, {"zh-Hans", `{"locale":"en-GB"}`, "en"}, {"ms", `{"language":"fr"}`, "ms"},
		} {
			o := newOffice(t, db)
			o.settings(func(s *models.TrackingSettings) { s.Language = test.merchant })
			setMetadata(t, db, o.order.ID, test.metadata)
			o.move(models.ShipmentDelivered)
			if m := o.send(); m.State != models.MailSent {
				t.Fatalf("%+v", m)
			}
			if got := o.sink.Mails()[0].Header.Get("Content-Language"); got != test.want {
				t.Errorf("%+v: %s", test, got)
			}
		}
	})
}

func setMetadata(t *testing.T, db *models.DB, orderID, metadata string) {
	t.Helper()
	query := "UPDATE orders SET metadata = ? WHERE id = ?"
	if db.Dialect == models.Postgres {
		query = "UPDATE orders SET metadata = $1 WHERE id = $2"
	}
	if _, err := db.SQL().ExecContext(t.Context(), query, metadata, orderID); err != nil {
		t.Fatal(err)
	}
}
