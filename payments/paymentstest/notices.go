package paymentstest

import (
	"bytes"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// notice waits for a webhook that tells what is wanted.
func (s *suite) notice(t *testing.T, what string, wanted func(payments.Notice) bool) (payments.Webhook, payments.Notice) {
	t.Helper()
	notifier := as[payments.Notifier](t, s.provider(t, calm))
	var (
		webhook payments.Webhook
		notice  payments.Notice
	)
	read := 0
	eventually(t, "a webhook about "+what, func() bool {
		all := s.Webhooks()
		for ; read < len(all); read++ {
			notices, err := notifier.Read(s.Account, all[read].Body)
			if err != nil {
				t.Fatalf("read %q: %v", all[read].Body, err)
			}
			again, err := notifier.Read(s.Account, all[read].Body)
			if err != nil || !reflect.DeepEqual(notices, again) {
				t.Fatalf("read once: %+v; twice: %+v, %v", notices, again, err)
			}
			for _, n := range notices {
				s.wantWhole(t, n)
			}
			if i := slices.IndexFunc(notices, wanted); i >= 0 {
				webhook, notice = all[read], notices[i]
				return true
			}
		}
		return false
	})
	return webhook, notice
}

// wantWhole wants a notice to tell whom it is about.
func (s *suite) wantWhole(t *testing.T, n payments.Notice) {
	t.Helper()
	named := n.AttemptID != "" || n.RefundID != "" || n.ChargeReference != "" || n.ProviderReference != ""
	if n.ID == "" || n.Subject == "" || n.Subject != payments.SubjectNone && !named {
		t.Errorf("notice = %+v", n)
	}
	if (n.Subject == payments.SubjectDispute) != (n.Dispute != nil) {
		t.Errorf("dispute of a notice about a %s: %+v", n.Subject, n.Dispute)
	}
	s.wantNoSecret(t, n.Result.Raw+n.Result.Message+n.Result.Code)
}

// about says that a notice is about a charge.
func about(n payments.Notice, c payments.Charge) bool {
	return n.AttemptID == c.AttemptID || n.ChargeReference != "" && n.ChargeReference == c.ProviderReference
}

// confirmed has a new charge paid by its customer, after the charge was answered.
func (s *suite) confirmed(t *testing.T) payments.Charge {
	t.Helper()
	c := s.newCharge(s.Tokens.Action)
	c.ReturnURL = "https://shop.example/thanks"
	r := s.provider(t, calm).Charge(t.Context(), s.Account, c)
	if r.Outcome != payments.OutcomeRequiresAction || r.NextAction == nil {
		t.Fatalf("outcome = %s: %+v", r.Outcome, r)
	}
	c.ProviderReference = r.ProviderReference
	s.Complete(t, r.NextAction.URL)
	if s.Takes {
		wantOutcome(t, s.provider(t, calm).Lookup(t.Context(), s.Account, c), payments.OutcomeSucceeded)
	}
	return c
}

func (run runner) noticeCharge(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	c := s.confirmed(t)
	_, n := s.notice(t, "a charge", func(n payments.Notice) bool {
		return n.Subject == payments.SubjectCharge && about(n, c) && n.Result.Outcome == payments.OutcomeSucceeded
	})
	if n.Result.Amount != c.Amount || n.Result.ProviderReference == "" || n.AttemptID != "" && n.AttemptID != c.AttemptID {
		t.Errorf("notice = %+v", n)
	}
}

func (run runner) noticeModification(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	capturer := as[payments.Capturer](t, s.provider(t, calm))
	wanted := func(subject payments.Subject, m payments.Modification) func(payments.Notice) bool {
		return func(n payments.Notice) bool {
			ours := n.AttemptID == m.AttemptID ||
				n.AttemptID == "" && n.ChargeReference != "" && n.ChargeReference == m.Original.ProviderReference
			return n.Subject == subject && ours && n.Result.Outcome == payments.OutcomeSucceeded
		}
	}
	if slices.Contains(s.Tells, payments.SubjectCapture) {
		m := modification(s.authorized(t), 400)
		s.wantDone(t, capturer.Capture(t.Context(), s.Account, m))
		if _, n := s.notice(t, "a capture", wanted(payments.SubjectCapture, m)); n.Result.Amount != 400 {
			t.Errorf("notice = %+v", n)
		}
	}
	if slices.Contains(s.Tells, payments.SubjectVoid) {
		c := s.authorized(t)
		m := modification(c, c.Amount)
		s.wantDone(t, capturer.Void(t.Context(), s.Account, m))
		s.notice(t, "a void", wanted(payments.SubjectVoid, m))
	}
}

func (run runner) noticeRefund(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	if !slices.Contains(s.Tells, payments.SubjectRefund) {
		return
	}
	refunder := as[payments.Refunder](t, s.provider(t, calm))
	tests := []struct {
		token string
		want  payments.Outcome
	}{
		{s.Tokens.Success, payments.OutcomeSucceeded},
		{s.Tokens.RefundPending, payments.OutcomeSucceeded},
		{s.Tokens.RefundFails, payments.OutcomeDeclined},
	}
	for _, test := range tests {
		if test.token == "" {
			continue
		}
		refund := refundOf(s.taken(t, test.token), 300)
		r := refunder.Refund(t.Context(), s.Account, refund)
		_, n := s.notice(t, "a refund: "+string(test.want), func(n payments.Notice) bool {
			ours := n.RefundID == refund.RefundID ||
				n.RefundID == "" && n.ProviderReference != "" && n.ProviderReference == r.ProviderReference
			return n.Subject == payments.SubjectRefund && ours && n.Result.Outcome == test.want
		})
		amount := int64(300)
		if s.SumsRefunds {
			amount = 0
		}
		if n.Result.Outcome == payments.OutcomeSucceeded && n.Result.Amount != amount || n.Result.ProviderReference == "" {
			t.Errorf("notice = %+v", n)
		}
	}
}

func (run runner) noticeDispute(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	if s.Tokens.Disputed == "" {
		if slices.Contains(s.Tells, payments.SubjectDispute) {
			t.Error("no token is disputed")
		}
		return
	}
	c := s.taken(t, s.Tokens.Disputed)
	_, n := s.notice(t, "a dispute", func(n payments.Notice) bool { return n.Subject == payments.SubjectDispute && about(n, c) })
	if d := n.Dispute; d == nil || d.Amount != c.Amount || d.Currency != c.Currency || d.Status == "" || !d.MoneyMoved || n.ProviderReference == "" {
		t.Errorf("notice = %+v, dispute %+v", n, n.Dispute)
	}
}

func (run runner) verify(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	c := s.confirmed(t)
	w, _ := s.notice(t, "a charge", func(n payments.Notice) bool {
		return n.Subject == payments.SubjectCharge && about(n, c) && n.Result.Outcome == payments.OutcomeSucceeded
	})
	notifier := as[payments.Notifier](t, s.provider(t, calm))
	if err := notifier.Verify(t.Context(), s.Account, w); err != nil {
		t.Fatalf("the fake's own webhook: %v", err)
	}
	at := bytes.Index(w.Body, []byte(c.AttemptID)) + len("att_")
	if at < len("att_") {
		at = len(w.Body) / 2 // what is encrypted is signed as a whole
	}
	flipped, empty, bare := w, w, w
	flipped.Body = bytes.Clone(w.Body)
	flipped.Body[at] ^= 1
	empty.Body, bare.Header = nil, http.Header{}
	refused := map[string]payments.Webhook{"a flipped byte": flipped, "nothing": empty, "nothing, of nobody": {Header: http.Header{}, ReceivedAt: w.ReceivedAt}}
	if s.Timestamped {
		old := w
		old.ReceivedAt = w.ReceivedAt.Add(time.Hour)
		refused["an old one"], refused["one without headers"] = old, bare
	}
	for name, one := range refused {
		if err := notifier.Verify(t.Context(), s.Account, one); !errors.Is(err, payments.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	err := notifier.Verify(t.Context(), s.Stranger, w)
	if !errors.Is(err, payments.ErrSignature) {
		t.Fatalf("another's: %v, want ErrSignature", err)
	}
	s.wantNoSecret(t, err.Error())
}

func (run runner) strange(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	notifier := as[payments.Notifier](t, s.provider(t, calm))
	for _, body := range s.Strange {
		notices, err := notifier.Read(s.Account, body)
		if err != nil || len(notices) == 0 {
			t.Errorf("read %q: %+v, %v", body, notices, err)
		}
		for _, n := range notices {
			s.wantWhole(t, n)
			if n.Subject != payments.SubjectNone {
				t.Errorf("subject of %q = %s, want none", body, n.Subject)
			}
		}
	}
	for _, body := range []string{"", "null", "[]", "{", "<h1>Welcome</h1>", "\x00\xff"} {
		notices, err := notifier.Read(s.Account, []byte(body))
		for _, n := range notices {
			if err == nil && n.Subject != payments.SubjectNone {
				t.Errorf("read %q: %+v", body, n)
			}
		}
	}
	if status := notifier.Acknowledge().Status; status != 0 && status/100 != 2 {
		t.Errorf("acknowledged with %d", status)
	}
}

func (run runner) list(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider := s.provider(t, calm)
	lister, notifier := as[payments.Lister](t, provider), as[payments.Notifier](t, provider)
	c := s.confirmed(t)
	wanted := func(n payments.Notice) bool {
		return n.Subject == payments.SubjectCharge && about(n, c) && n.Result.Outcome == payments.OutcomeSucceeded
	}
	_, told := s.notice(t, "a charge", wanted)
	listed := false
	for cursor, page := "", 0; !listed; page++ {
		bodies, next, err := lister.Webhooks(t.Context(), s.Account, c.StartedAt.Add(-time.Minute), cursor)
		if err != nil || page > 1000 {
			t.Fatalf("page %d: %v", page, err)
		}
		for _, body := range bodies {
			notices, err := notifier.Read(s.Account, body)
			if err != nil {
				t.Fatalf("read %q: %v", body, err)
			}
			listed = listed || slices.ContainsFunc(notices, func(n payments.Notice) bool { return wanted(n) && n.ID == told.ID })
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if !listed {
		t.Error("what was told is not listed")
	}
	for name, spoil := range lost {
		s.network.breakAll(spoil)
		_, _, err := as[payments.Lister](t, s.provider(t, patience)).Webhooks(t.Context(), s.Account, c.StartedAt, "")
		s.network.heal()
		if err == nil {
			t.Errorf("%s: a list that failed gives no error", name)
		} else {
			s.wantNoSecret(t, err.Error())
		}
	}
	if _, _, err := lister.Webhooks(t.Context(), s.Wrong, c.StartedAt, ""); err == nil {
		t.Error("wrong credentials give no error")
	}
}
