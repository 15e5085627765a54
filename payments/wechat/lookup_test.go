package wechat

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		file          string
		want          payments.Outcome
		wantCode      string
		wantReference string
	}{
		{"paid", "trade_success", payments.OutcomeSucceeded, "", "4200001234202601051234567890"},
		{"paid and refunded", "trade_refund", payments.OutcomeSucceeded, "", "4200001234202601051234567890"},
		{"not paid yet", "trade_notpay", payments.OutcomeRequiresAction, "", "att_06fk2m8q7xv1c3w9"},
		{"being paid", "trade_userpaying", payments.OutcomeProcessing, "", "att_06fk2m8q7xv1c3w9"},
		{"closed", "trade_closed", payments.OutcomeNotFound, "CLOSED", "att_06fk2m8q7xv1c3w9"},
		{"revoked", "trade_revoked", payments.OutcomeNotFound, "REVOKED", "att_06fk2m8q7xv1c3w9"},
		{"failed", "trade_payerror", payments.OutcomeDeclined, "PAYERROR", "att_06fk2m8q7xv1c3w9"},
		{"unheard of", "trade_strange", payments.OutcomeUnknown, "", "att_06fk2m8q7xv1c3w9"},
		{"paid less", "trade_less", payments.OutcomeUnknown, "amount_mismatch", "4200001234202601051234567890"},
		{"paid in another currency", "trade_hkd", payments.OutcomeUnknown, "currency_mismatch", "4200001234202601051234567890"},
		{"another order", "trade_other", payments.OutcomeUnknown, "other_order", ""},
		{"another merchant's", "trade_merchant", payments.OutcomeUnknown, "other_order", ""},
		{"something else", "order_made", payments.OutcomeUnknown, "answer_unusable", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, account := script(t, map[string][]fixture{queryPath: {{status: 200, file: tt.file}}, closePath: {closedAnswer}})
			charge := testCharge()
			charge.ProviderReference = "att_06fk2m8q7xv1c3w9"
			r := New(http.DefaultClient).Lookup(t.Context(), account, charge)
			wantResult(t, r, tt.want, tt.wantCode)
			if r.ProviderReference != tt.wantReference || (r.Amount == 1250) != (tt.want == payments.OutcomeSucceeded) {
				t.Errorf("reference %q, amount %d", r.ProviderReference, r.Amount)
			}
			if server.seen[0].target != "/v3/pay/transactions/out-trade-no/att_06fk2m8q7xv1c3w9?mchid=1900000109" {
				t.Errorf("target = %q", server.seen[0].target)
			}
		})
	}
}

// What a look-up does about an order that is not paid, and what it makes of it.
func TestLookupOfOpenOrder(t *testing.T) {
	t.Parallel()
	notpay, made := []fixture{{status: 200, file: "trade_notpay"}}, []fixture{{status: 200, file: "order_made"}}
	refused := func(status int, code string) []fixture { return []fixture{{status: status, code: code}} }
	paidMeanwhile := []fixture{{status: 200, file: "trade_notpay"}, {status: 200, file: "trade_success"}}
	tests := []struct {
		name      string
		age       time.Duration
		reference string // set: the code is known
		answers   map[string][]fixture
		want      payments.Outcome
		wantCode  string
		wantCalls []string
	}{
		{
			name: "its code is known", reference: "att_06fk2m8q7xv1c3w9", answers: map[string][]fixture{queryPath: notpay},
			want: payments.OutcomeRequiresAction, wantCalls: []string{queryPath},
		},
		{
			name: "its code was lost", answers: map[string][]fixture{queryPath: notpay, createPath: made},
			want: payments.OutcomeRequiresAction, wantCalls: []string{queryPath, createPath},
		},
		{
			name: "its code was lost and cannot be had again", want: payments.OutcomeNotFound, wantCode: "code_lost",
			answers:   map[string][]fixture{queryPath: notpay, createPath: refused(403, "OUT_TRADE_NO_USED"), closePath: {closedAnswer}},
			wantCalls: []string{queryPath, createPath, closePath},
		},
		{
			name: "its code was lost and nobody knows", want: payments.OutcomeUnknown, wantCode: "answer_unverified",
			answers:   map[string][]fixture{queryPath: notpay, createPath: {{status: 200, file: "order_made", spoil: unsign}}},
			wantCalls: []string{queryPath, createPath},
		},
		{
			name: "its code was lost and WeChat Pay is busy", want: payments.OutcomeUnknown, wantCode: "FREQUENCY_LIMITED",
			answers:   map[string][]fixture{queryPath: notpay, createPath: refused(429, "FREQUENCY_LIMITED")},
			wantCalls: []string{queryPath, createPath},
		},
		{
			name: "its time is up", age: orderLife + time.Second, reference: "att_06fk2m8q7xv1c3w9", want: payments.OutcomeNotFound, wantCode: "expired",
			answers: map[string][]fixture{queryPath: notpay, closePath: {closedAnswer}}, wantCalls: []string{queryPath, closePath},
		},
		{
			name: "its time is up, and it is closed already", age: orderLife + time.Second, reference: "att_06fk2m8q7xv1c3w9",
			answers:   map[string][]fixture{queryPath: notpay, closePath: refused(400, "ORDER_CLOSED")},
			want:      payments.OutcomeNotFound,
			wantCode:  "expired",
			wantCalls: []string{queryPath, closePath},
		},
		{
			name: "its time is up, but it was paid meanwhile", age: orderLife + time.Second, reference: "att_06fk2m8q7xv1c3w9",
			answers: map[string][]fixture{queryPath: paidMeanwhile, closePath: refused(400, "ORDERPAID")},
			want:    payments.OutcomeSucceeded, wantCalls: []string{queryPath, closePath, queryPath},
		},
		{
			name: "its time is up, but it is being paid", age: orderLife + time.Second, reference: "att_06fk2m8q7xv1c3w9",
			answers: map[string][]fixture{queryPath: notpay, closePath: refused(202, "USERPAYING")},
			want:    payments.OutcomeProcessing, wantCode: "USERPAYING", wantCalls: []string{queryPath, closePath},
		},
		{
			name: "its time is up, but it cannot be closed", age: orderLife + time.Second, reference: "att_06fk2m8q7xv1c3w9",
			answers: map[string][]fixture{queryPath: notpay, closePath: refused(400, "INVALID_REQUEST")},
			want:    payments.OutcomeUnknown, wantCode: "INVALID_REQUEST", wantCalls: []string{queryPath, closePath, queryPath},
		},
		{
			name: "its time is up, and closing has no answer", age: orderLife + time.Second, reference: "att_06fk2m8q7xv1c3w9",
			answers: map[string][]fixture{queryPath: notpay, closePath: {{status: 204, spoil: unsign}}},
			want:    payments.OutcomeUnknown, wantCode: "answer_unverified", wantCalls: []string{queryPath, closePath},
		},
		{
			name: "it is unknown: made and closed", answers: map[string][]fixture{queryPath: absentAnswer(), createPath: made, closePath: {closedAnswer}},
			want: payments.OutcomeNotFound, wantCode: "order_not_found", wantCalls: []string{queryPath, createPath, closePath},
		},
		{
			name: "it is unknown, in the other spelling", answers: map[string][]fixture{
				queryPath: refused(404, "ORDERNOTEXIST"), createPath: made, closePath: {closedAnswer},
			},
			want: payments.OutcomeNotFound, wantCode: "order_not_found", wantCalls: []string{queryPath, createPath, closePath},
		},
		{
			name: "it is unknown, then closed", answers: map[string][]fixture{queryPath: absentAnswer(), createPath: refused(400, "ORDER_CLOSED")},
			want: payments.OutcomeNotFound, wantCode: "order_not_found", wantCalls: []string{queryPath, createPath},
		},
		{
			name: "it is unknown, and refused", answers: map[string][]fixture{queryPath: absentAnswer(), createPath: refused(400, "PARAM_ERROR")},
			want: payments.OutcomeNotFound, wantCode: "order_not_found", wantCalls: []string{queryPath, createPath},
		},
		{
			name: "it is unknown, and WeChat Pay is busy", answers: map[string][]fixture{queryPath: absentAnswer(), createPath: refused(429, "FREQUENCY_LIMITED")},
			want: payments.OutcomeUnknown, wantCode: "FREQUENCY_LIMITED", wantCalls: []string{queryPath, createPath},
		},
		{
			name: "it is unknown, and WeChat Pay is out of order", answers: map[string][]fixture{queryPath: absentAnswer(), createPath: refused(500, "SYSTEM_ERROR")},
			want: payments.OutcomeUnknown, wantCode: "SYSTEM_ERROR", wantCalls: []string{queryPath, createPath},
		},
		{
			name: "it is unknown, although its code is known", reference: "att_06fk2m8q7xv1c3w9", answers: map[string][]fixture{queryPath: absentAnswer()},
			want: payments.OutcomeUnknown, wantCode: "ORDER_NOT_EXIST", wantCalls: []string{queryPath},
		},
		{
			name: "it is unknown long after its time", age: orderLife + 10*time.Minute, answers: map[string][]fixture{queryPath: absentAnswer()},
			want: payments.OutcomeNotFound, wantCode: "order_not_found", wantCalls: []string{queryPath},
		},
		{
			name: "the merchant is unknown", answers: map[string][]fixture{queryPath: refused(404, "MCH_NOT_EXISTS")},
			want: payments.OutcomeUnknown, wantCode: "MCH_NOT_EXISTS", wantCalls: []string{queryPath},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, account := script(t, tt.answers)
			charge := testCharge()
			charge.ProviderReference, charge.StartedAt = tt.reference, time.Now().Add(-tt.age)
			r := New(http.DefaultClient).Lookup(t.Context(), account, charge)
			wantResult(t, r, tt.want, tt.wantCode)
			if !slices.Equal(server.calls(), tt.wantCalls) {
				t.Errorf("calls = %q, want %q", server.calls(), tt.wantCalls)
			}
			if tt.reference == "" && (r.ProviderReference != "") != (r.Outcome == payments.OutcomeRequiresAction) {
				t.Errorf("reference = %q: it would say that the code is known", r.ProviderReference)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	refused := func(status int, code string) []fixture { return []fixture{{status: status, code: code}} }
	tests := []struct {
		name     string
		answers  map[string][]fixture
		want     payments.Outcome
		wantCode string
	}{
		{"open", map[string][]fixture{closePath: {closedAnswer}}, payments.OutcomeNotFound, "canceled"},
		{"closed before", map[string][]fixture{closePath: refused(400, "ORDER_CLOSED")}, payments.OutcomeNotFound, "canceled"},
		{"paid", map[string][]fixture{closePath: refused(400, "ORDERPAID"), queryPath: {{status: 200, file: "trade_success"}}}, payments.OutcomeSucceeded, ""},
		{"failed", map[string][]fixture{closePath: refused(403, "TRADE_ERROR"), queryPath: {{status: 200, file: "trade_payerror"}}}, payments.OutcomeDeclined, "PAYERROR"},
		{"being paid", map[string][]fixture{closePath: refused(202, "USERPAYING")}, payments.OutcomeProcessing, "USERPAYING"},
		{"never made", map[string][]fixture{
			closePath: {{status: 404, code: "ORDER_NOT_EXIST"}, closedAnswer}, createPath: {{status: 200, file: "order_made"}},
		}, payments.OutcomeNotFound, "order_not_found"},
		{"never made, and never there", map[string][]fixture{
			closePath: absentAnswer(), createPath: {{status: 200, file: "order_made"}}, queryPath: absentAnswer(),
		}, payments.OutcomeUnknown, "ORDER_NOT_EXIST"},
		{"nobody knows", map[string][]fixture{closePath: refused(500, "SYSTEM_ERROR"), queryPath: {{status: 200, file: "trade_notpay"}}}, payments.OutcomeUnknown, "SYSTEM_ERROR"},
		{"too often", map[string][]fixture{closePath: refused(429, "FREQUENCY_LIMITED")}, payments.OutcomeUnknown, "FREQUENCY_LIMITED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			wantResult(t, New(http.DefaultClient).Cancel(t.Context(), account, testCharge()), tt.want, tt.wantCode)
		})
	}
}

func TestTestCall(t *testing.T) {
	t.Parallel()
	const path = "GET /v3/pay/transactions/out-trade-no/" + probe
	tests := []struct {
		name string
		give fixture
		ok   bool
	}{
		{"the order is unknown", fixture{status: 404, code: "ORDER_NOT_EXIST"}, true},
		{"somebody has made it", fixture{status: 200, file: "trade_notpay"}, true},
		{"not signed", fixture{status: 404, code: "ORDER_NOT_EXIST", spoil: unsign}, false},
		{"another key", fixture{status: 404, code: "ORDER_NOT_EXIST", spoil: rotate}, false},
		{"refused", fixture{status: 401, code: "SIGN_ERROR", spoil: unsign}, false},
		{"the merchant is unknown", fixture{status: 404, code: "MCH_NOT_EXISTS"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{path: {tt.give}})
			if err := New(http.DefaultClient).Test(t.Context(), account); (err == nil) != tt.ok {
				t.Errorf("Test = %v", err)
			}
		})
	}
	account := scriptedAccount(t, "http://127.0.0.1:1")
	for _, field := range []string{"mchid", "private_key", "apiv3_key"} {
		if err := New(http.DefaultClient).Test(t.Context(), with(account, field, "")); err == nil {
			t.Errorf("without %s it passes", field)
		}
	}
}
