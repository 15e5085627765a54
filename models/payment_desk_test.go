package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// told is a dispute as a provider tells of it.
func told(p *models.Payment, reference string, respondBy *time.Time) models.Dispute {
	return models.Dispute{
		GatewayAccountID: *p.GatewayAccountID, ProviderReference: reference, Status: models.DisputeNeedsResponse,
		Amount: p.Amount, Currency: p.Currency, Reason: "fraudulent", RespondBy: respondBy,
	}
}

func TestWhatWaitsForAHuman(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, s := t.Context(), newShop(t, db)
		scope := models.MerchantScope(s.ID)
		makePayment := func(amount int64, status models.PaymentStatus) *models.Payment {
			t.Helper()
			p, _ := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, amount), s.gateway)
			force(t, db, p, status)
			return p
		}
		failed := makePayment(100, models.PaymentFailed)
		review := makePayment(200, models.PaymentNeedsReview)
		unknown := makePayment(300, models.PaymentUnknown)
		flagged := makePayment(400, models.PaymentPaid)
		makePayment(500, models.PaymentPaid)
		settled := makePayment(600, models.PaymentFailed) // its order is none to be paid any more
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CancelOrder(scope, settled.OrderID) })
		soon, later := db.Now().Add(time.Hour), db.Now().Add(48*time.Hour)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			for _, p := range []*models.Payment{flagged, review} {
				if err := tx.FlagPayment(p, models.IssueAmountDiffers); err != nil {
					return err
				}
			}
			for reference, at := range map[string]*time.Time{"later": &later, "never": nil, "soon": &soon} {
				if _, _, err := tx.PutDispute(flagged, told(flagged, reference, at)); err != nil {
					return err
				}
			}
			return nil
		})

		waiting, err := db.AttentionPayments(ctx, scope, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{review.ID, flagged.ID, unknown.ID, failed.ID}, paymentIDs(waiting)); diff != "" {
			t.Errorf("what waits (-want +got):\n%s", diff)
		}
		counts, err := db.Attention(ctx, scope)
		if err != nil || counts.IssuePayments != 2 || counts.Disputes != 3 {
			t.Errorf("counts = %+v, %v", counts, err)
		}
		disputes, err := db.OpenDisputes(ctx, scope, 10)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		for _, d := range disputes {
			order = append(order, d.ProviderReference)
		}
		if diff := cmp.Diff([]string{"soon", "later", "never"}, order); diff != "" {
			t.Errorf("disputes (-want +got):\n%s", diff)
		}
		for name, test := range map[string]struct {
			filter models.DeskFilter
			want   []string
		}{
			"all":              {models.DeskFilter{}, []string{flagged.ID, unknown.ID, review.ID, failed.ID}},
			"issues":           {models.DeskFilter{Kind: "issue"}, []string{flagged.ID, review.ID}},
			"amounts":          {models.DeskFilter{Currency: "EUR", AmountMin: 200, AmountMax: 300}, []string{unknown.ID, review.ID}},
			"another currency": {models.DeskFilter{Currency: "MYR", AmountMin: 1}, nil},
			"a provider":       {models.DeskFilter{Kind: "failed", Provider: "sandbox"}, []string{failed.ID}},
			"another provider": {models.DeskFilter{Provider: "stripe"}, nil},
			"technical":        {models.DeskFilter{Kind: "failed", Class: "technical"}, []string{failed.ID}},
		} {
			found, _, err := db.DeskPayments(ctx, scope, test.filter, models.Page{})
			if diff := cmp.Diff(test.want, paymentIDs(found)); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
	})
}

func paymentIDs(payments []models.Payment) []string {
	var ids []string
	for i := range payments {
		ids = append(ids, payments[i].ID)
	}
	return ids
}
