package adyen

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

// told is an event about a payment of 12.50 EUR, or a modification of it.
func told(code, success, reference, more string) string {
	return fmt.Sprintf(`{"live":"false","notificationItems":[{"NotificationRequestItem":{"eventCode":%q,"success":%q,
		"eventDate":"2026-03-15T09:00:00+01:00","pspReference":"MOD","originalReference":"PAY","merchantAccountCode":"TestMerchant",
		"merchantReference":%q,"amount":{"value":1250,"currency":"EUR"},"paymentMethod":"visa"%s}}]}`, code, success, reference, more)
}

func TestRead(t *testing.T) {
	t.Parallel()
	const (
		automatic = `,"additionalData":{"metadata.capture":"automatic"}`
		manual    = `,"additionalData":{"metadata.capture":"manual"}`
	)
	result := func(outcome payments.Outcome, reference, code, message string) payments.Result {
		r := payments.Result{Outcome: outcome, ProviderReference: reference, Code: code, Message: message}
		switch outcome {
		case payments.OutcomeSucceeded, payments.OutcomeAuthorized:
			if code == "" {
				r.Amount = 1250
			}
		case payments.OutcomeDeclined:
			r.Class = payments.ClassGeneric
		default:
		}
		return r
	}
	charge := func(n payments.Notice) payments.Notice {
		n.Subject, n.AttemptID, n.ChargeReference = payments.SubjectCharge, "att_1", "MOD"
		return n
	}
	change := func(subject payments.Subject, r payments.Result) payments.Notice {
		n := payments.Notice{Subject: subject, ChargeReference: "PAY", ProviderReference: "MOD", Result: r}
		if subject == payments.SubjectRefund {
			n.RefundID = "ref_1"
		} else {
			n.AttemptID = "att_2"
		}
		return n
	}
	succeeded := result(payments.OutcomeSucceeded, "MOD", "", "")
	tests := []struct {
		name, code, success, reference, more string
		want                                 payments.Notice
	}{
		{"charged", "AUTHORISATION", "true", "att_1", automatic, charge(payments.Notice{Result: succeeded})},
		{
			"authorized", "AUTHORISATION", "true", "att_1", manual,
			charge(payments.Notice{Result: result(payments.OutcomeAuthorized, "MOD", "", "")}),
		},
		{
			"authorized, and perhaps captured", "AUTHORISATION", "true", "att_1", "",
			charge(payments.Notice{Result: result(payments.OutcomeAuthorized, "MOD", "", "")}),
		},
		{
			"refused", "AUTHORISATION", "false", "att_1", `,"reason":"Expired Card","additionalData":{"refusalReasonRaw":"54 : Expired"}`,
			charge(payments.Notice{Result: payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: "MOD", Code: "6", Class: payments.ClassFixData, NetworkCode: "54",
				Message: "The card has expired.",
			}}),
		},
		{
			"refused by something new", "AUTHORISATION", "false", "att_1", `,"reason":"Moonphase"`,
			charge(payments.Notice{Result: result(payments.OutcomeDeclined, "MOD", "refused", "The payment was refused: Moonphase.")}),
		},
		{
			"another's payment on the same merchant account", "AUTHORISATION", "true", "order-7", automatic,
			payments.Notice{Subject: payments.SubjectCharge, ChargeReference: "MOD", Result: succeeded},
		},
		{
			"canceled by reference", "TECHNICAL_CANCEL", "true", "att_1", "", payments.Notice{
				Subject: payments.SubjectCharge, AttemptID: "att_1", ChargeReference: "PAY", ProviderReference: "MOD",
				Result: result(payments.OutcomeNotFound, "PAY", "canceled", "Adyen canceled the payment before any money was taken."),
			},
		},
		{
			"not canceled by reference", "TECHNICAL_CANCEL", "false", "att_1", `,"reason":"Transaction not found"`, payments.Notice{
				Subject: payments.SubjectCharge, AttemptID: "att_1", ChargeReference: "PAY", ProviderReference: "MOD",
				Result: result(payments.OutcomeUnknown, "PAY", "cancel_refused", "Adyen canceled nothing: Transaction not found."),
			},
		},
		{"captured", "CAPTURE", "true", "att_2", "", change(payments.SubjectCapture, succeeded)},
		{
			"not captured", "CAPTURE", "false", "att_2", `,"reason":"Insufficient balance on payment."`, change(payments.SubjectCapture,
				result(payments.OutcomeDeclined, "MOD", "capture_refused", "The amount was not captured: Insufficient balance on payment.")),
		},
		{
			"captured, then not", "CAPTURE_FAILED", "true", "att_2", "", change(payments.SubjectCapture,
				result(payments.OutcomeDeclined, "MOD", "capture_refused", "The amount was not captured: Adyen gave no reason.")),
		},
		{"released", "CANCELLATION", "true", "att_2", "", change(payments.SubjectVoid, succeeded)},
		{
			"not released", "CANCELLATION", "false", "att_2", "", change(payments.SubjectVoid,
				result(payments.OutcomeDeclined, "MOD", "void_refused", "The authorization was not released: Adyen gave no reason.")),
		},
		{
			"ran out", "EXPIRE", "true", "att_1", "", payments.Notice{
				Subject: payments.SubjectVoid, ChargeReference: "PAY", ProviderReference: "MOD",
				Result: result(payments.OutcomeSucceeded, "MOD", "expired", "The authorization ran out before it was captured."),
			},
		},
		{"refunded", "REFUND", "true", "ref_1", "", change(payments.SubjectRefund, succeeded)},
		{
			"refund refused", "REFUND", "false", "ref_1", "", change(payments.SubjectRefund,
				result(payments.OutcomeDeclined, "MOD", "refund_refused", "The money was not given back: Adyen gave no reason.")),
		},
		{
			"refund failed later", "REFUND_FAILED", "true", "ref_1", `,"reason":"Account closed"`, change(payments.SubjectRefund,
				result(payments.OutcomeDeclined, "MOD", "refund_refused", "The money was not given back: Account closed.")),
		},
		{
			"refund came back", "REFUNDED_REVERSED", "true", "ref_1", "", change(payments.SubjectRefund,
				result(payments.OutcomeDeclined, "MOD", "refund_refused", "The money was not given back: Adyen gave no reason.")),
		},
		{
			"reversed before the capture", "CANCEL_OR_REFUND", "true", "att_2", `,"additionalData":{"modification.action":"cancel"}`,
			change(payments.SubjectVoid, succeeded),
		},
		{
			"reversed after the capture", "CANCEL_OR_REFUND", "true", "ref_1", `,"additionalData":{"modification.action":"refund"}`,
			change(payments.SubjectRefund, succeeded),
		},
		{"reversed somehow", "CANCEL_OR_REFUND", "true", "att_2", "", payments.Notice{Subject: payments.SubjectNone}},
		{"a report", "REPORT_AVAILABLE", "true", "", "", payments.Notice{Subject: payments.SubjectNone}},
		{"a review", "MANUAL_REVIEW_REJECT", "true", "att_1", "", payments.Notice{Subject: payments.SubjectNone}},
		{"something new", "SOMETHING_NEW", "true", "att_1", "", payments.Notice{Subject: payments.SubjectNone}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantOne(t, told(tt.code, tt.success, tt.reference, tt.more), "MOD:"+tt.code+":"+tt.success, tt.code, tt.want)
		})
	}
}

func wantOne(t *testing.T, body, id, kind string, want payments.Notice) {
	t.Helper()
	notices, err := New(http.DefaultClient).Read(testAccount(""), []byte(body))
	if err != nil || len(notices) != 1 {
		t.Fatalf("notices = %+v, %v", notices, err)
	}
	got := notices[0]
	if got.Result.Raw == "" {
		t.Error("what was sent is not kept")
	}
	got.Result.Raw = ""
	want.ID, want.Type, want.OccurredAt = id, kind, time.Date(2026, 3, 15, 8, 0, 0, 0, time.UTC)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
}

func TestReadDisputes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code, status string // of Adyen's
		want         payments.DisputeStatus
		moved        bool
	}{
		{"REQUEST_FOR_INFORMATION", "", payments.DisputeInquiry, false},
		{"NOTIFICATION_OF_CHARGEBACK", "", payments.DisputeNeedsResponse, false},
		{"CHARGEBACK", "", payments.DisputeNeedsResponse, true},
		{"CHARGEBACK", "Undefended", payments.DisputeNeedsResponse, true},
		{"CHARGEBACK", "Accepted", payments.DisputeAccepted, true},
		{"CHARGEBACK", "Lost", payments.DisputeLost, true},
		{"INFORMATION_SUPPLIED", "Pending", payments.DisputeUnderReview, false},
		{"CHARGEBACK_REVERSED", "", payments.DisputeUnderReview, false},
		{"CHARGEBACK_REVERSED", "Won", payments.DisputeWon, false},
		{"SECOND_CHARGEBACK", "", payments.DisputeLost, true},
		{"PREARBITRATION_WON", "", payments.DisputeWon, false},
		{"PREARBITRATION_LOST", "", payments.DisputeLost, true},
		{"ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "", payments.DisputeWon, false},
		{"DISPUTE_DEFENSE_PERIOD_ENDED", "", payments.DisputeExpired, true},
		{"DISPUTE_DEFENSE_PERIOD_ENDED", "Accepted", payments.DisputeAccepted, true},
	}
	for _, tt := range tests {
		t.Run(tt.code+" "+tt.status, func(t *testing.T) {
			t.Parallel()
			more := `,"reason":"Fraud","additionalData":{"disputeStatus":"` + tt.status + `","chargebackReasonCode":"10.4",
				"defensePeriodEndsAt":"2026-04-01T00:00:00+02:00"}`
			wantOne(t, told(tt.code, "true", "att_1", more), "MOD:"+tt.code+":true", tt.code, payments.Notice{
				Subject: payments.SubjectDispute, AttemptID: "att_1", ChargeReference: "PAY", ProviderReference: "MOD",
				Result: payments.Result{ProviderReference: "MOD"},
				Dispute: &payments.Dispute{
					Status: tt.want, Amount: 1250, Currency: "EUR", Reason: "10.4", MoneyMoved: tt.moved,
					RespondBy: time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC),
				},
			})
		})
	}
}

// Amounts are told in Adyen's units, and what ours cannot say is not believed.
func TestReadAmounts(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]payments.Result{
		`{"value":125000,"currency":"ISK"}`: {Outcome: payments.OutcomeSucceeded, Amount: 1250},
		`{"value":1250,"currency":"IDR"}`:   {Outcome: payments.OutcomeSucceeded, Amount: 125000},
		`{"value":125050,"currency":"ISK"}`: {Outcome: payments.OutcomeUnknown},
	} {
		body := `{"notificationItems":[{"NotificationRequestItem":{"eventCode":"CAPTURE","success":"true","pspReference":"MOD",
			"originalReference":"PAY","amount":` + currency + `}}]}`
		notices, err := New(http.DefaultClient).Read(testAccount(""), []byte(body))
		if err != nil || notices[0].Result.Outcome != want.Outcome || notices[0].Result.Amount != want.Amount {
			t.Errorf("%s: %+v, %v", currency, notices, err)
		}
	}
}

func TestReadSeveral(t *testing.T) {
	t.Parallel()
	const one = `{"NotificationRequestItem":{"eventCode":"CAPTURE","success":"true","pspReference":"A"}}`
	const two = `{"NotificationRequestItem":{"eventCode":"REFUND","success":"false","pspReference":"B"}}`
	notices, err := New(http.DefaultClient).Read(testAccount(""), []byte(`{"notificationItems":[`+one+`,`+two+`]}`))
	if err != nil || len(notices) != 2 || notices[0].ID != "A:CAPTURE:true" || notices[1].ID != "B:REFUND:false" {
		t.Errorf("notices = %+v, %v", notices, err)
	}
	for _, body := range []string{`{}`, `{"notificationItems":[{"NotificationRequestItem":7}]}`, `{"notificationItems":7}`} {
		if _, err := New(http.DefaultClient).Read(testAccount(""), []byte(body)); err == nil {
			t.Errorf("%s can be read", body)
		}
	}
}
