package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A secret that was replaced ends a day later, whatever is replaced meanwhile.
func TestReplacedSecretsEndOneByOne(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		id := newEndpoint(t, db, s.ID).ID
		start := db.Now()
		now := start
		db.Now = func() time.Time { return now }
		rotate := func(at time.Duration, sealed string) {
			now = start.Add(at)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.RotateEndpointSecret(s.scope, id, sealed, now.Add(day))
				return err
			})
		}
		want := func(at time.Duration, until *time.Duration, secrets ...string) {
			t.Helper()
			e, err := db.Endpoint(t.Context(), s.scope, id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{}, secrets...), e.PreviousSecrets(start.Add(at))); diff != "" {
				t.Errorf("beside %s sign after %s (-want +got):\n%s", e.Secret, at, diff)
			}
			if n := len(e.PreviousSecretEnds(start.Add(at))); n != len(secrets) {
				t.Errorf("%d ends after %s, want %d", n, at, len(secrets))
			}
			switch got := e.PreviousSecretUntil(start.Add(at)); {
			case until == nil && got != nil, until != nil && (got == nil || !got.Equal(start.Add(*until))):
				t.Errorf("after %s the last ends at %v, want %v", at, got, until)
			}
		}
		want(0, nil)
		rotate(0, "second")
		rotate(23*time.Hour, "third")
		want(day-time.Microsecond, new(47*time.Hour), "second", "sealed")
		want(day, new(47*time.Hour), "second")
		want(47*time.Hour-time.Microsecond, new(47*time.Hour), "second")
		want(47*time.Hour, nil)
		rotate(30*time.Hour, "fourth")
		rotate(31*time.Hour, "fifth")
		want(31*time.Hour, new(55*time.Hour), "fourth", "third", "second")
		rotate(32*time.Hour, "sixth") // more than are kept
		want(32*time.Hour, new(56*time.Hour), "fifth", "fourth", "third")

		// As they were stored when all had one end.
		execute(t, db, "UPDATE webhook_endpoints SET previous_secret = 'b a', previous_secret_expires_at = ? WHERE id = ?", start.Add(50*time.Hour), id)
		want(49*time.Hour, new(50*time.Hour), "b", "a")
		rotate(49*time.Hour, "seventh")
		want(50*time.Hour-time.Microsecond, new(73*time.Hour), "sixth", "b", "a")
		want(50*time.Hour, new(73*time.Hour), "sixth")
	})
}

// Sealed anew, secrets keep their order and their ends.
func TestSecretsKeepTheirEndsWhenSealedAnew(t *testing.T) {
	t.Parallel()
	e := models.Endpoint{Secret: "d", PreviousSecret: "c b@1790000000000000 a@1780000000000000"}
	err := e.MapSecrets(func(sealed string) (string, error) { return strings.ToUpper(sealed), nil })
	if want := "C B@1790000000000000 A@1780000000000000"; err != nil || e.Secret != "D" || e.PreviousSecret != want {
		t.Errorf("%q and %q, %v, want D and %q", e.Secret, e.PreviousSecret, err, want)
	}
}
