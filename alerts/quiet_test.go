package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func TestQuietUntil(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, from, to, zone, at, want string
	}{
		{"none", "", "", "UTC", "2026-03-10T03:00:00Z", ""},
		{"before", "22:00", "07:00", "Asia/Kuala_Lumpur", "2026-03-10T21:59:59+08:00", ""},
		{"at the begin", "22:00", "07:00", "Asia/Kuala_Lumpur", "2026-03-10T22:00:00+08:00", "2026-03-11T07:00:00+08:00"},
		{"after midnight", "22:00", "07:00", "Asia/Kuala_Lumpur", "2026-03-11T00:30:00+08:00", "2026-03-11T07:00:00+08:00"},
		{"at the end", "22:00", "07:00", "Asia/Kuala_Lumpur", "2026-03-11T07:00:00+08:00", ""},
		{"by day", "12:00", "13:30", "Europe/Berlin", "2026-03-10T13:29:00+01:00", "2026-03-10T13:30:00+01:00"},
		{"until midnight", "20:00", "00:00", "Europe/Berlin", "2026-03-10T23:59:00+01:00", "2026-03-11T00:00:00+01:00"},
		{"the night that is an hour shorter", "22:00", "07:00", "Europe/Berlin", "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"},
		{"the night that is an hour longer", "22:00", "07:00", "Europe/Berlin", "2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"},
		{"an end that the clock leaves out", "22:00", "02:30", "Europe/Berlin", "2026-03-29T01:00:00+01:00", "2026-03-29T03:30:00+02:00"},
		{"the second of an hour that comes twice", "22:00", "02:30", "Europe/Berlin", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"},
		{"over the change of the year", "22:00", "07:00", "Europe/Berlin", "2026-12-31T23:30:00+01:00", "2027-01-01T07:00:00+01:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(test.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			got := quietUntil(&models.AlertWish{QuietFrom: test.from, QuietTo: test.to}, zone, at)
			var want time.Time
			if test.want != "" {
				if want, err = time.Parse(time.RFC3339, test.want); err != nil {
					t.Fatal(err)
				}
			}
			if !got.Equal(want) {
				t.Errorf("quiet until %v, want %v", got.In(zone), want.In(zone))
			}
		})
	}
}

// Quiet hours hold warnings back, over midnight and in the reader's own zone,
// and tell of all of them at once afterwards; what is critical passes.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		sleeper := b.user(models.RoleAdmin, "")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if err := tx.SetPreferences(sleeper.ID, "en", "Asia/Kuala_Lumpur"); err != nil {
				return err
			}
			return tx.PutAlertSubscription(models.AlertSubscription{
				UserID: sleeper.ID, Enabled: true, AlertWish: models.AlertWish{QuietFrom: "22:00", QuietTo: "07:00"},
			})
		})
		b.now = time.Date(2026, 3, 10, 15, 30, 0, 0, time.UTC) // 23:30
		quota, review := broken(CarrierQuota, "cra_1", ""), broken(PaymentsReview, "", "")
		b.note(quota)
		b.after(time.Hour)
		b.note(quota, review, broken(GatewayFailing, "gwa_1", ""))
		b.deliverAll()
		b.want("in the night", b.subjects(), []string{"Critical: Tea & Co does not answer as it should"})
		b.note(review)
		b.after(3 * time.Minute)
		b.note(review) // the quota and the provider are fine again
		b.after(5 * time.Hour)
		b.note(review)
		b.deliverAll()
		if n := len(b.subjects()); n != 2 {
			t.Errorf("still in the night: %q", b.subjects())
		}
		b.now = time.Date(2026, 3, 10, 23, 0, 1, 0, time.UTC) // 07:00:01
		b.note(review)
		b.deliverAll()
		b.want("in the morning", b.subjects()[2:], []string{"4 messages from your quiet hours"})
		text := b.sink.Mails()[2].Text
		for _, part := range []string{
			"2026-03-10 23:30:00 +08 · Warning: Tea & Co has used up today’s calls", "2026-03-11 00:33:00 +08 · Resolved: Tea & Co has used up",
			"Warning: Payments that wait for a person: 3", "Still open: Payments that wait", "http://tillpost.test/incidents/inc_",
		} {
			if !contains(text, part) {
				t.Errorf("the digest lacks %q:\n%s", part, text)
			}
		}
		b.deliverAll()
		if n := len(b.subjects()); n != 3 {
			t.Errorf("told again: %q", b.subjects())
		}
	})
}
