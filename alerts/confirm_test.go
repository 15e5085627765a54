package alerts

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A merchant's channel sends nothing to an address whose holder has not agreed,
// by a link that only a mail to that address holds, and ends.
func TestAddressIsConfirmed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		m := modelstest.Merchant(t, db)
		edit := ChannelEdit{Name: "Boss", Values: map[string]string{"address": "Boss@example.com"}, Enabled: true}
		var id string
		modelstest.Write(t, db, func(tx *models.Tx) error {
			c, _, err := b.CreateChannel(tx, &m.ID, KindMail, edit, modelstest.Actor())
			if err == nil {
				id = c.ID
			}
			return err
		})
		told := func(when string, want bool) {
			t.Helper()
			before := len(b.sink.Mails())
			b.note(broken(EndpointDisabled, when, m.ID))
			b.deliverAll()
			if got := len(b.sink.Mails()) - before; got > 0 != want {
				t.Errorf("%s: %d mails", when, got)
			}
		}
		link := func() (channel, token string) {
			t.Helper()
			b.after(time.Minute)
			if kind, detail, err := b.TestChannel(t.Context(), models.MerchantScope(m.ID), id, modelstest.Actor()); kind != "" || err != nil {
				t.Fatal(kind, detail, err)
			}
			all := b.sink.Mails()
			mail := all[len(all)-1]
			_, rest, found := strings.Cut(mail.Text, "http://tillpost.test"+ConfirmPath+"/")
			if !found || !contains(mail.Subject(), "May incidents be sent to this address?") || !contains(mail.Text, m.Name) {
				t.Fatalf("the mail: %s\n%s", mail.Subject(), mail.Text)
			}
			channel, token, _ = strings.Cut(strings.Fields(rest)[0], "/")
			if token, err := url.PathUnescape(token); err == nil {
				return channel, token
			}
			return channel, token
		}
		agree := func(channel, token string) error {
			_, address, err := b.Question(t.Context(), channel, token)
			if err != nil {
				return err
			}
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := tx.ConfirmAlertChannel(channel, address, modelstest.Actor())
				return err
			})
		}
		told("before anybody was asked", false)
		channel, token := link()
		told("before the holder agreed", false)
		if err := agree(channel, token+"A"); err == nil {
			t.Error("a changed link works")
		}
		b.after(confirmTime + time.Minute)
		if err := agree(channel, token); err == nil {
			t.Error("an old link works")
		}
		channel, token = link()
		for range 2 { // a double click
			if err := agree(channel, token); err != nil {
				t.Fatal(err)
			}
		}
		told("after the holder agreed", true)
		edit.Values["address"] = "other@example.com"
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return b.UpdateChannel(tx, models.MerchantScope(m.ID), id, edit, modelstest.Actor())
		})
		told("to another address", false)
		if err := agree(channel, token); err == nil {
			t.Error("a link for the address before works")
		}
	})
}
