package handlers

import (
	"net/http"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Of a hundred people, or one with a hundred tabs, and the shop's own server,
// one charges.
func TestAcceptance03ParallelRetries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		shop.refuse.Store(1)
		id := shop.charge("tok_success")
		shop.wantPayment(id, map[string]any{"status": "failed"})
		shop.wantCharges(0)

		support := shop.site.signIn(t, models.RoleSupport, "")
		const tries = 100
		taken := make([]bool, tries)
		together(tries, func(i int) {
			var status int
			if path := "/payments/" + id + "/retry"; i%2 == 0 {
				status = support.post(path, retryForm(shop.account.ID)).status
			} else {
				status = shop.post("/api/v1"+path, `{"reason":"the customer asked"}`).status
			}
			switch status {
			case http.StatusSeeOther, http.StatusAccepted:
				taken[i] = true
			case http.StatusConflict:
			default:
				t.Errorf("a retry was answered with %d", status)
			}
		})
		won := 0
		for _, one := range taken {
			if one {
				won++
			}
		}
		attempts := shop.site.attempts(t, id)
		if won != 1 || len(attempts) != 2 || attempts[1].Cause != models.CauseManualRetry {
			t.Fatalf("%d of %d retries were taken and made %d attempts", won, tries, len(attempts))
		}
		if acts := shop.site.acts(t, id); len(acts) != 1 {
			t.Errorf("audit log = %+v", acts)
		}
		together(20, func(int) { shop.resend(attempts[1].ID) })
		shop.wantPayment(id, map[string]any{"status": "paid", "amount_captured": 4990.0})
		shop.wantCharges(1)
		shop.wantToldOnce(models.EventPaymentPaid)
	})
}
