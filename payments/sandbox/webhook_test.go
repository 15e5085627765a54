package sandbox

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	// printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac secret
	const signature = "t=1700000000,v1=af784f27423c462e20039559cd4264140f7b7ed4c9090e26fd663faa5eeb8dda"
	at := time.Unix(1_700_000_000, 0)
	tests := []struct {
		name, secret, header, body string
		at                         time.Time
		want                       bool
	}{
		{"genuine", "secret", signature, `{"id":"evt_1"}`, at, true},
		{"genuine, at the last moment", "secret", signature, `{"id":"evt_1"}`, at.Add(secret.MaxStampAge), true},
		{"one of two signatures", "secret", "v1=00," + signature, `{"id":"evt_1"}`, at, true},
		{"too old", "secret", signature, `{"id":"evt_1"}`, at.Add(secret.MaxStampAge + time.Second), false},
		{"another body", "secret", signature, `{"id":"evt_2"}`, at, false},
		{"another secret", "secret2", signature, `{"id":"evt_1"}`, at, false},
		{"no secret", "", signature, `{"id":"evt_1"}`, at, false},
		{"no header", "secret", "", `{"id":"evt_1"}`, at, false},
		{"no time", "secret", signature[len("t=1700000000,"):], `{"id":"evt_1"}`, at, false},
		{"another time", "secret", "t=1700000001" + signature[len("t=1700000000"):], `{"id":"evt_1"}`, at, false},
		{"no signature", "secret", "t=1700000000", `{"id":"evt_1"}`, at, false},
		{"not hexadecimal", "secret", "t=1700000000,v1=zz", `{"id":"evt_1"}`, at, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			account := payments.Account{Fields: map[string]string{"webhook_secret": tt.secret}}
			err := New(http.DefaultClient).Verify(t.Context(), account, payments.Webhook{
				Header: http.Header{"Sandbox-Signature": {tt.header}}, Body: []byte(tt.body), ReceivedAt: tt.at,
			})
			if (err == nil) != tt.want || err != nil && !errors.Is(err, payments.ErrSignature) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0).UTC()
	respondBy := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	charge := func(status, rest string) string {
		return `{"charge":{"id":"chg_1","status":"` + status + `","reference":"att_1","amount":1250,"currency":"EUR"` + rest + `}`
	}
	dispute := func(status string) string {
		return charge("succeeded", "") + `,"dispute":{"id":"dsp_1","amount":1250,"currency":"EUR","reason":"fraudulent","status":"` +
			status + `","respond_by":"2026-01-02T03:04:05Z"}}`
	}
	about := func(subject payments.Subject, attempt string, r payments.Result) payments.Notice {
		r.ProviderReference = "chg_1"
		return payments.Notice{Subject: subject, AttemptID: attempt, ChargeReference: "chg_1", Result: r}
	}
	disputed := func(status payments.DisputeStatus, moved bool) payments.Notice {
		return payments.Notice{
			Subject: payments.SubjectDispute, AttemptID: "att_1", ChargeReference: "chg_1", ProviderReference: "dsp_1",
			Dispute: &payments.Dispute{
				Status: status, Amount: 1250, Currency: "EUR", Reason: "fraudulent", RespondBy: respondBy, MoneyMoved: moved,
			},
		}
	}
	refunded := func(r payments.Result) payments.Notice {
		r.ProviderReference = "rfd_1"
		return payments.Notice{
			Subject: payments.SubjectRefund, AttemptID: "att_1", RefundID: "ref_1",
			ChargeReference: "chg_1", ProviderReference: "rfd_1", Result: r,
		}
	}
	refund := func(status string) string {
		return charge("succeeded", "") + `,"refund":{"id":"rfd_1","reference":"ref_1","amount":300,"currency":"EUR","status":"` + status + `"}}`
	}
	tests := []struct {
		kind, data string
		want       payments.Notice
	}{
		{
			"charge.succeeded", charge("succeeded", `,"amount_captured":1250`) + `}`,
			about(payments.SubjectCharge, "att_1", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{
			"charge.authorized", charge("authorized", "") + `}`,
			about(payments.SubjectCharge, "att_1", payments.Result{Outcome: payments.OutcomeAuthorized, Amount: 1250}),
		},
		{
			"charge.failed", charge("failed", `,"failure":{"code":"lost_card","network_code":"41","advice":"do_not_try_again","message":"No."}`) + `}`,
			about(payments.SubjectCharge, "att_1", payments.Result{
				Outcome: payments.OutcomeDeclined, Class: payments.ClassNever, Code: "lost_card", NetworkCode: "41",
				Advice: "do_not_try_again", Message: "No.",
			}),
		},
		{
			"charge.canceled", charge("canceled", "") + `}`,
			about(payments.SubjectCharge, "att_1", payments.Result{
				Outcome: payments.OutcomeNotFound, Code: "canceled", Message: "The charge was canceled before it was made.",
			}),
		},
		{
			"charge.captured", charge("succeeded", `,"amount_captured":400,"modified_by":"att_2"`) + `}`,
			about(payments.SubjectCapture, "att_2", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 400}),
		},
		{
			"charge.voided", charge("voided", `,"modified_by":"att_2"`) + `}`,
			about(payments.SubjectVoid, "att_2", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250}),
		},
		{"refund.succeeded", refund("succeeded"), refunded(payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 300})},
		{"refund.pending", refund("pending"), refunded(payments.Result{Outcome: payments.OutcomeProcessing})},
		{"refund.failed", refund("failed"), refunded(payments.Result{
			Outcome: payments.OutcomeDeclined, Class: payments.ClassLater, Code: "refund_failed",
			Message: "The customer's bank sent the refund back.",
		})},
		{"dispute.needs_response", dispute("needs_response"), disputed(payments.DisputeNeedsResponse, true)},
		{"dispute.under_review", dispute("under_review"), disputed(payments.DisputeUnderReview, true)},
		{"dispute.won", dispute("won"), disputed(payments.DisputeWon, false)},
		{"dispute.lost", dispute("lost"), disputed(payments.DisputeLost, true)},
		{"dispute.inquiry", dispute("inquiry"), disputed(payments.DisputeInquiry, false)},
		{"charge.frozen", charge("frozen", "") + `}`, payments.Notice{Subject: payments.SubjectNone}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			body := `{"id":"evt_1","type":"` + tt.kind + `","created":1700000000,"data":` + tt.data + `}`
			got, err := New(http.DefaultClient).Read(payments.Account{}, []byte(body))
			if err != nil || len(got) != 1 {
				t.Fatalf("read: %+v, %v", got, err)
			}
			if got[0].Result.Raw == "" {
				t.Error("there is no raw text")
			}
			got[0].Result.Raw = ""
			tt.want.ID, tt.want.Type, tt.want.OccurredAt = "evt_1", tt.kind, at
			if tt.want.Subject == payments.SubjectNone {
				got[0].Result = payments.Result{} // it counts for nothing
			}
			if diff := cmp.Diff(tt.want, got[0]); diff != "" {
				t.Errorf("notice (-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{"", "[]", `{"id":"evt_1"}`, `{"type":"charge.failed"}`} {
		if _, err := New(http.DefaultClient).Read(payments.Account{}, []byte(body)); err == nil {
			t.Errorf("read %q gives no error", body)
		}
	}
}
