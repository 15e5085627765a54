package stripe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

const intentID = "pi_3PxYzA2eZvKYlo2C1"

// event is a webhook's body about an object in a file, or given as it is.
func event(t *testing.T, kind, object string) []byte {
	t.Helper()
	if !strings.HasPrefix(object, "{") {
		text, err := os.ReadFile(filepath.Join("testdata", object+".json"))
		if err != nil {
			t.Fatal(err)
		}
		object = string(text)
	}
	return []byte(`{"id":"evt_1","object":"event","created":1700000000,"type":"` + kind + `","data":{"object":` + object + `}}`)
}

func charge(rest string) string {
	return `{"id":"ch_1","object":"charge","amount":1250,"currency":"eur","payment_intent":"` + intentID +
		`","metadata":{"attempt_id":"att_1"},` + rest + `}`
}

func dispute(status string, moves ...int64) string {
	text := make([]string, 0, len(moves))
	for _, amount := range moves {
		text = append(text, fmt.Sprintf(`{"id":"txn_1","object":"balance_transaction","amount":%d}`, amount))
	}
	return `{"id":"dp_1","object":"dispute","amount":1250,"currency":"eur","charge":"ch_1","payment_intent":"` + intentID +
		`","reason":"fraudulent","status":"` + status + `","evidence_details":{"due_by":1700600000},"balance_transactions":[` +
		strings.Join(text, ",") + `]}`
}

func TestRead(t *testing.T) {
	t.Parallel()
	about := func(subject payments.Subject, attempt string, r payments.Result) payments.Notice {
		r.ProviderReference = intentID
		return payments.Notice{Subject: subject, AttemptID: attempt, ChargeReference: intentID, Result: r}
	}
	refunded := func(r payments.Result) payments.Notice {
		const id = "re_3PxYzA2eZvKYlo2C1"
		r.ProviderReference = id
		return payments.Notice{
			Subject: payments.SubjectRefund, RefundID: "ref_1", ChargeReference: intentID, ProviderReference: id, Result: r,
		}
	}
	disputed := func(status payments.DisputeStatus, moved bool) payments.Notice {
		return payments.Notice{
			Subject: payments.SubjectDispute, ChargeReference: intentID, ProviderReference: "dp_1",
			Dispute: &payments.Dispute{
				Status: status, Amount: 1250, Currency: "EUR", Reason: "fraudulent",
				RespondBy: time.Unix(1_700_600_000, 0).UTC(), MoneyMoved: moved,
			},
		}
	}
	const own = `{"id":"` + intentID + `","object":"payment_intent","amount":1250,"currency":"eur","metadata":{"attempt_id":"att_1"},`
	nothing := payments.Notice{Subject: payments.SubjectNone}
	tests := []struct {
		kind, object string
		want         payments.Notice
	}{
		{
			"payment_intent.succeeded", own + `"status":"succeeded","capture_method":"automatic","amount_received":1250,"latest_charge":"ch_1"}`,
			about(payments.SubjectCharge, "att_1", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{
			"payment_intent.succeeded", "captured",
			about(payments.SubjectCapture, "att_2", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 400}),
		},
		{
			"payment_intent.succeeded", "captured_by_another",
			about(payments.SubjectCapture, "", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{
			"payment_intent.amount_capturable_updated", "authorized",
			about(payments.SubjectCharge, "att_1", payments.Result{Outcome: payments.OutcomeAuthorized, Amount: 1250}),
		},
		{
			"payment_intent.canceled", "voided",
			about(payments.SubjectVoid, "", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{
			"payment_intent.canceled", own + `"status":"canceled","capture_method":"automatic"}`,
			about(payments.SubjectCharge, "att_1", payments.Result{
				Outcome: payments.OutcomeNotFound, Code: "canceled", Message: "The payment was canceled before it was executed.",
			}),
		},
		{
			"payment_intent.canceled",
			own + `"status":"canceled","capture_method":"manual","latest_charge":"ch_1","last_payment_error":{"code":"card_declined"}}`,
			about(payments.SubjectCharge, "att_1", payments.Result{
				Outcome: payments.OutcomeDeclined, Class: generic, Code: "canceled", Message: "The payment was canceled at Stripe.",
			}),
		},
		{
			"payment_intent.requires_action",
			own + `"status":"requires_action","next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://bank.example/3ds"}}}`,
			about(payments.SubjectCharge, "att_1", payments.Result{
				Outcome: payments.OutcomeRequiresAction, NextAction: &payments.NextAction{Type: "redirect", URL: "https://bank.example/3ds"},
			}),
		},
		{
			"payment_intent.processing", own + `"status":"processing"}`,
			about(payments.SubjectCharge, "att_1", payments.Result{Outcome: payments.OutcomeProcessing}),
		},
		{
			"payment_intent.payment_failed",
			own + `"status":"requires_payment_method","latest_charge":"ch_1","last_payment_error":{"type":"card_error","code":"card_declined",` +
				`"decline_code":"do_not_honor","advice_code":"try_again_later","network_decline_code":"05"}}`,
			about(payments.SubjectCharge, "att_1", payments.Result{
				Outcome: payments.OutcomeDeclined, Class: later, Code: "do_not_honor", NetworkCode: "05", Advice: "try_again_later",
				Message: "The card's bank refused the payment without a reason.",
			}),
		},
		{"payment_intent.created", "created", nothing},
		{"payment_intent.partially_funded", own + `"status":"requires_payment_method"}`, nothing},
		{
			"charge.succeeded", charge(`"captured":true,"amount_captured":1250,"status":"succeeded"`),
			about(payments.SubjectCharge, "att_1", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{
			"charge.succeeded", charge(`"captured":false,"amount_captured":0,"status":"succeeded"`),
			about(payments.SubjectCharge, "att_1", payments.Result{Outcome: payments.OutcomeAuthorized, Amount: 1250}),
		},
		{
			"charge.captured", charge(`"captured":true,"amount_captured":400,"status":"succeeded"`),
			about(payments.SubjectCapture, "", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 400}),
		},
		{
			"charge.expired", charge(`"captured":false,"status":"succeeded"`),
			about(payments.SubjectVoid, "", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{
			"charge.failed",
			charge(`"status":"failed","failure_code":"card_declined","outcome":{"reason":"lost_card","network_decline_code":"41","advice_code":"do_not_try_again"}`),
			about(payments.SubjectCharge, "att_1", payments.Result{
				Outcome: payments.OutcomeDeclined, Class: never, Code: "lost_card", NetworkCode: "41", Advice: "do_not_try_again",
				Message: "The card was reported lost.",
			}),
		},
		{"charge.succeeded", `{"id":"ch_1","object":"charge","amount":1250,"captured":true}`, nothing},
		{"charge.refunded", charge(`"amount_refunded":300`), nothing},
		{"charge.updated", charge(`"amount_captured":1250`), nothing},
		{"refund.created", "refund_succeeded", refunded(payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 300})},
		{"refund.created", "refund_pending", refunded(payments.Result{Outcome: payments.OutcomeProcessing})},
		{"charge.refund.updated", "refund_succeeded", refunded(payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 300})},
		{"refund.failed", "refund_failed", refunded(payments.Result{
			Outcome: payments.OutcomeDeclined, Class: never, Code: "expired_or_canceled_card",
			Message: "The refund came back: the card has expired or was canceled.",
		})},
		{"refund.updated", "refund_strange", nothing},
		{"charge.dispute.created", dispute("warning_needs_response"), disputed(payments.DisputeInquiry, false)},
		{"charge.dispute.updated", dispute("warning_under_review"), disputed(payments.DisputeInquiry, false)},
		{"charge.dispute.closed", dispute("warning_closed"), disputed(payments.DisputeInquiryClosed, false)},
		{"charge.dispute.created", dispute("needs_response", -1250), disputed(payments.DisputeNeedsResponse, true)},
		{"charge.dispute.updated", dispute("under_review", -1250), disputed(payments.DisputeUnderReview, true)},
		{"charge.dispute.funds_withdrawn", dispute("needs_response", -1250), disputed(payments.DisputeNeedsResponse, true)},
		{"charge.dispute.closed", dispute("won", -1250, 1250), disputed(payments.DisputeWon, false)},
		{"charge.dispute.funds_reinstated", dispute("won", -1250, 1250), disputed(payments.DisputeWon, false)},
		{"charge.dispute.closed", dispute("lost", -1250), disputed(payments.DisputeLost, true)},
		{"charge.dispute.closed", dispute("prevented"), disputed(payments.DisputeAccepted, false)},
		{"charge.dispute.updated", dispute("on_the_moon"), nothing},
		{"radar.early_fraud_warning.created", `{"id":"issfr_1","object":"radar.early_fraud_warning"}`, nothing},
		{"payout.paid", `{"id":"po_1","object":"payout"}`, nothing},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprintf("%d %s", i, tt.kind), func(t *testing.T) {
			t.Parallel()
			got, err := New(http.DefaultClient).Read(payments.Account{}, event(t, tt.kind, tt.object))
			if err != nil || len(got) != 1 {
				t.Fatalf("read: %+v, %v", got, err)
			}
			if got[0].Result.Raw == "" {
				t.Error("there is no raw text")
			}
			got[0].Result.Raw = ""
			tt.want.ID, tt.want.Type, tt.want.OccurredAt = "evt_1", tt.kind, time.Unix(1_700_000_000, 0).UTC()
			if diff := cmp.Diff(tt.want, got[0]); diff != "" {
				t.Errorf("notice (-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{
		"", "[]", `{"id":"evt_1"}`, `{"type":"charge.failed"}`, string(event(t, "refund.created", `{"id":"pi_1","object":"payment_intent"}`)),
		string(event(t, "payment_intent.succeeded", `{"object":"payment_intent"}`)),
	} {
		if _, err := New(http.DefaultClient).Read(payments.Account{}, []byte(body)); err == nil {
			t.Errorf("read %q gives no error", body)
		}
	}
}

// Events that Stripe lists newest first, page by page, come oldest first.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, eventPage - 1, eventPage, eventPage + 1, 3*eventPage + 7} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			t.Parallel()
			web := httptest.NewServer(eventServer{t, count})
			t.Cleanup(web.Close)
			account := payments.Account{BaseURL: web.URL, Fields: map[string]string{"secret_key": "sk_test_1"}}
			provider, got := New(http.DefaultClient), []string{}
			for cursor, calls := "", 0; ; calls++ {
				bodies, next, err := provider.Webhooks(t.Context(), account, time.Unix(1_700_000_000, 0), cursor)
				if err != nil || calls > count {
					t.Fatalf("call %d: %v", calls, err)
				}
				for _, body := range bodies {
					id, err := eventID(body)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, id)
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			want := make([]string, 0, count)
			for i := range count {
				want = append(want, fmt.Sprintf("evt_%d", i))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// eventServer lists count events as Stripe does: evt_0 is the oldest.
type eventServer struct {
	t     *testing.T
	count int
}

func (s eventServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got := r.FormValue("created[gte]"); got != "1700000000" || r.FormValue("types[0]") == "" || r.FormValue("types[20]") != "" {
		s.t.Errorf("query = %s", r.URL.RawQuery)
	}
	number := func(name string, otherwise int) int {
		if n, ok := strings.CutPrefix(r.FormValue(name), "evt_"); ok {
			if _, err := fmt.Sscan(n, &otherwise); err != nil {
				s.t.Error(err)
			}
		}
		return otherwise
	}
	from, to := number("ending_before", -1)+1, number("starting_after", s.count)
	more := to-from > eventPage
	if more && r.FormValue("ending_before") != "" {
		to = from + eventPage
	} else if more {
		from = to - eventPage
	}
	data := []map[string]any{}
	for i := to - 1; i >= from; i-- {
		data = append(data, map[string]any{"id": fmt.Sprintf("evt_%d", i), "object": "event", "type": "payment_intent.succeeded"})
	}
	if err := json.NewEncoder(w).Encode(map[string]any{"object": "list", "has_more": more, "data": data}); err != nil {
		s.t.Error(err)
	}
}
