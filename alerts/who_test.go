package alerts

import (
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Staff hear of everything that they chose, merchants of their own things alone,
// and nobody who is disabled or wants nothing.
func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		admin, support := b.user(models.RoleAdmin, ""), b.user(models.RoleSupport, "")
		owner, stranger := b.user(models.RoleMerchant, m.ID), b.user(models.RoleMerchant, other.ID)
		picky, gone, silent := b.user(models.RoleAdmin, ""), b.user(models.RoleAdmin, ""), b.user(models.RoleAdmin, "")
		channel := func(merchant *string, address string, wish models.AlertWish) string {
			id := ""
			modelstest.Write(t, db, func(tx *models.Tx) error {
				c, _, err := b.CreateChannel(tx, merchant, KindMail, ChannelEdit{
					Name: address, Values: map[string]string{"address": address}, Enabled: true, Wish: wish,
				}, modelstest.Actor())
				if err != nil {
					return err
				}
				id = c.ID
				_, err = tx.ConfirmAlertChannel(id, address, modelstest.Actor())
				return err
			})
			return id
		}
		channel(nil, "ops@example.com", models.AlertWish{})
		channel(nil, "money@example.com", models.AlertWish{Kinds: []string{GatewayRefused}})
		channel(&m.ID, "shop@example.com", models.AlertWish{})
		channel(&other.ID, "others@example.com", models.AlertWish{})
		removed := channel(nil, "removed@example.com", models.AlertWish{})
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if err := tx.DisableUser(gone.ID); err != nil {
				return err
			}
			for _, s := range []models.AlertSubscription{
				{UserID: picky.ID, Enabled: true, AlertWish: models.AlertWish{Critical: true}}, {UserID: silent.ID},
			} {
				if err := tx.PutAlertSubscription(s); err != nil {
					return err
				}
			}
			return nil
		})
		b.note(broken(EndpointDisabled, "whe_1", m.ID), broken(GatewayRefused, "gwa_1", m.ID))
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return b.DeleteChannel(tx, models.AllMerchants(), removed, modelstest.Actor())
		})
		b.deliverAll()
		got := map[string]int{}
		for _, mail := range b.sink.Mails() {
			got[mail.To]++
			forOperators := mail.To != owner.Email && mail.To != "shop@example.com"
			if named := strings.HasSuffix(mail.Subject(), " · "+m.Name) && contains(mail.Text, m.Name); named != forOperators {
				t.Errorf("%s got %q: %s", mail.To, mail.Subject(), mail.Text)
			}
		}
		want := map[string]int{
			admin.Email: 2, picky.Email: 1, owner.Email: 1, "ops@example.com": 2, "money@example.com": 1, "shop@example.com": 1,
		}
		for who, n := range want {
			if got[who] != n {
				t.Errorf("%s got %d mails, want %d", who, got[who], n)
			}
			delete(got, who)
		}
		if len(got) > 0 {
			t.Errorf("told as well: %v (support %s, stranger %s, disabled %s, silent %s)", got, support.Email, stranger.Email, gone.Email, silent.Email)
		}
		own, _, err := db.Incidents(t.Context(), models.MerchantScope(m.ID), models.IncidentFilter{}, models.Page{})
		if err != nil || len(own) != 1 || own[0].Kind != EndpointDisabled {
			t.Errorf("the merchant sees %+v, %v", own, err)
		}
	})
}

// Each reads in their own language.
func TestLanguages(t *testing.T) {
	t.Parallel()
	b := newBench(t, modelstest.SQLite(t), Options{})
	u := b.user(models.RoleAdmin, "")
	modelstest.Write(t, b.db, func(tx *models.Tx) error { return tx.SetPreferences(u.ID, "zh-Hans", "Asia/Shanghai") })
	b.note(broken(GatewayRefused, "gwa_1", ""))
	b.deliverAll()
	b.want("in Chinese", b.subjects(), []string{"严重：Tea & Co 拒绝我们的凭据"})
	if m := b.sink.Mails()[0]; !contains(m.HTML, `<html lang="zh-Hans">`) || !contains(m.Text, "2026-03-10 17:00:00 CST") {
		t.Errorf("the mail: %s", m.Text)
	}
}
