package paypal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const (
		amount  = `"amount":{"currency_code":"EUR","value":"12.50"}`
		order   = `"supplementary_data":{"related_ids":{"order_id":"5O190127TN364715T"}}`
		capture = `"id":"3C679366HH908993F","custom_id":"att_1","invoice_id":"att_1",` + amount + `,` + order
		hold    = `"id":"0VF52814937998046","custom_id":"att_1","invoice_id":"att_1",` + amount + `,` + order
		refund  = `"id":"1JU08902781691411","custom_id":"ref_1","invoice_id":"ref_1-1","amount":{"currency_code":"EUR","value":"3.00"}`
		dispute = `"dispute_id":"PP-R-1","reason":"UNAUTHORISED","dispute_amount":{"currency_code":"EUR","value":"12.50"},
			"seller_response_due_date":"2026-12-05T10:00:00Z","disputed_transactions":[{"seller_transaction_id":"3C679366HH908993F","custom":"att_1"}]`
	)
	charge := func(r payments.Result) payments.Notice {
		r.ProviderReference = orderID
		return payments.Notice{Subject: payments.SubjectCharge, AttemptID: "att_1", ChargeReference: orderID, Result: r}
	}
	refunded := func(r payments.Result) payments.Notice {
		r.ProviderReference = "1JU08902781691411"
		return payments.Notice{Subject: payments.SubjectRefund, RefundID: "ref_1", ProviderReference: "1JU08902781691411", Result: r}
	}
	disputed := func(status payments.DisputeStatus, moved bool) payments.Notice {
		return payments.Notice{
			Subject: payments.SubjectDispute, AttemptID: "att_1", ProviderReference: "PP-R-1", Dispute: &payments.Dispute{
				Status: status, Amount: 1250, Currency: "EUR", Reason: "UNAUTHORISED", MoneyMoved: moved,
				RespondBy: time.Date(2026, 12, 5, 10, 0, 0, 0, time.UTC),
			},
		}
	}
	tests := []struct {
		kind, resource string
		want           payments.Notice
	}{
		{
			"CHECKOUT.ORDER.APPROVED", `{"id":"5O190127TN364715T","status":"APPROVED","purchase_units":[{"custom_id":"att_1"}]}`,
			charge(payments.Result{Outcome: payments.OutcomeProcessing, Message: "The customer has approved the payment: it is about to be taken."}),
		},
		{
			"CHECKOUT.ORDER.COMPLETED", `{"id":"5O190127TN364715T","status":"COMPLETED","purchase_units":[{"custom_id":"att_1","payments":{"captures":[{"status":"COMPLETED",` + capture + `}]}}]}`,
			charge(payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{"PAYMENT.CAPTURE.COMPLETED", `{"status":"COMPLETED",` + capture + `}`, charge(payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250})},
		{
			"PAYMENT.CAPTURE.PENDING", `{"status":"PENDING","status_details":{"reason":"PENDING_REVIEW"},` + capture + `}`,
			charge(payments.Result{Outcome: payments.OutcomeProcessing, Code: "PENDING_REVIEW", Message: "PayPal is reviewing the payment."}),
		},
		{
			"PAYMENT.CAPTURE.DENIED", `{"status":"DECLINED","processor_response":{"response_code":"5400"},` + capture + `}`,
			charge(payments.Result{Outcome: payments.OutcomeDeclined, Code: "5400", NetworkCode: "5400", Class: payments.ClassFixData, Message: "The card has expired."}),
		},
		{
			"PAYMENT.CAPTURE.COMPLETED",
			`{"status":"COMPLETED","id":"7TK53561YB803214S","custom_id":"att_1","invoice_id":"att_2","amount":{"currency_code":"EUR","value":"4.00"},
			"supplementary_data":{"related_ids":{"order_id":"5O190127TN364715T","authorization_id":"0VF52814937998046"}}}`,
			payments.Notice{
				Subject: payments.SubjectCapture, AttemptID: "att_2", ChargeReference: orderID, ProviderReference: "7TK53561YB803214S",
				Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 400, ProviderReference: "7TK53561YB803214S"},
			},
		},
		{"PAYMENT.AUTHORIZATION.CREATED", `{"status":"CREATED",` + hold + `}`, charge(payments.Result{Outcome: payments.OutcomeAuthorized, Amount: 1250})},
		{
			"PAYMENT.AUTHORIZATION.VOIDED", `{"status":"VOIDED",` + hold + `}`,
			payments.Notice{
				Subject: payments.SubjectVoid, ChargeReference: orderID, ProviderReference: "0VF52814937998046",
				Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250, ProviderReference: "0VF52814937998046"},
			},
		},
		{"PAYMENT.CAPTURE.REFUNDED", `{"status":"COMPLETED",` + refund + `}`, refunded(payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 300})},
		{
			"PAYMENT.REFUND.FAILED", `{"status":"FAILED",` + refund + `}`,
			refunded(payments.Result{
				Outcome: payments.OutcomeDeclined, Code: "FAILED", Class: payments.ClassGeneric, Message: "The payment failed at PayPal without a reason.",
			}),
		},
		{
			"PAYMENT.CAPTURE.REVERSED", `{"status":"COMPLETED","id":"4XK86034UH338083X","custom_id":"att_1","amount":{"currency_code":"EUR","value":"12.50"}}`,
			payments.Notice{
				Subject: payments.SubjectRefund, AttemptID: "att_1", ProviderReference: "4XK86034UH338083X",
				Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250, ProviderReference: "4XK86034UH338083X"},
			},
		},
		{"CUSTOMER.DISPUTE.CREATED", `{"status":"OPEN","dispute_life_cycle_stage":"INQUIRY",` + dispute + `}`, disputed(payments.DisputeInquiry, false)},
		{"CUSTOMER.DISPUTE.CREATED", `{"status":"WAITING_FOR_SELLER_RESPONSE","dispute_life_cycle_stage":"CHARGEBACK",` + dispute + `}`, disputed(payments.DisputeNeedsResponse, true)},
		{
			"CUSTOMER.DISPUTE.UPDATED",
			`{"status":"UNDER_REVIEW","dispute_life_cycle_stage":"CHARGEBACK","money_movements":[{"affected_party":"BUYER","type":"CREDIT"},{"affected_party":"SELLER","type":"DEBIT"}],` + dispute + `}`,
			disputed(payments.DisputeUnderReview, true),
		},
		{
			"CUSTOMER.DISPUTE.RESOLVED",
			`{"status":"RESOLVED","dispute_life_cycle_stage":"CHARGEBACK","dispute_outcome":{"outcome_code":"RESOLVED_SELLER_FAVOUR"},
			"money_movements":[{"affected_party":"SELLER","type":"DEBIT"},{"affected_party":"SELLER","type":"CREDIT"}],` + dispute + `}`,
			disputed(payments.DisputeWon, false),
		},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"status":"RESOLVED","dispute_life_cycle_stage":"CHARGEBACK","dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"},` + dispute + `}`, disputed(payments.DisputeLost, true)},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"status":"RESOLVED","dispute_life_cycle_stage":"CHARGEBACK","dispute_outcome":{"outcome_code":"ACCEPTED"},` + dispute + `}`, disputed(payments.DisputeAccepted, true)},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"status":"RESOLVED","dispute_life_cycle_stage":"INQUIRY","dispute_outcome":{"outcome_code":"CANCELED_BY_BUYER"},` + dispute + `}`, disputed(payments.DisputeInquiryClosed, false)},
		{"BILLING.PLAN.CREATED", `{"id":"P-1"}`, payments.Notice{Subject: payments.SubjectNone}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			body := `{"id":"WH-1","event_type":"` + tt.kind + `","create_time":"2026-11-25T10:00:00.123Z","resource":` + tt.resource + `}`
			got, err := New(http.DefaultClient).Read(payments.Account{}, []byte(body))
			if err != nil || len(got) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			if got[0].Result.Raw != body {
				t.Errorf("raw = %q", got[0].Result.Raw)
			}
			got[0].Result.Raw = ""
			tt.want.ID, tt.want.Type, tt.want.OccurredAt = "WH-1", tt.kind, time.Date(2026, 11, 25, 10, 0, 0, 123e6, time.UTC)
			if diff := cmp.Diff(tt.want, got[0]); diff != "" {
				t.Errorf("notice (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadRefusesWhatNamesNobody(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.AUTHORIZATION.CREATED", "CUSTOMER.DISPUTE.CREATED",
	} {
		for _, resource := range []string{`null`, `{}`, `[]`, `"x"`, `{"id":"","status":"COMPLETED"}`} {
			body := `{"id":"WH-1","event_type":"` + kind + `","resource":` + resource + `}`
			if got, err := New(http.DefaultClient).Read(payments.Account{}, []byte(body)); err == nil {
				t.Errorf("%s: %+v", body, got)
			}
		}
	}
}

func TestReadMasksSecrets(t *testing.T) {
	t.Parallel()
	account := payments.Account{Fields: map[string]string{"client_id": "AeA1", "client_secret": "EGnHDxD_q"}}
	got, err := New(http.DefaultClient).Read(account, []byte(`{"id":"WH-1","event_type":"X","resource":{"note":"EGnHDxD_q"}}`))
	if err != nil || strings.Contains(got[0].Result.Raw, "EGnHDxD_q") {
		t.Errorf("notice = %+v, %v", got, err)
	}
}
