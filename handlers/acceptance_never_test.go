package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAcceptance08NeverRetried(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		id, later := shop.charge("tok_lost_card"), shop.charge("tok_declined_later")
		shop.pass(60 * 24 * time.Hour)
		shop.work()
		if n := len(shop.site.attempts(t, id)); n != 1 {
			t.Errorf("a lost card was tried %d times", n)
		}
		if n := len(shop.site.attempts(t, later)); n != 2 {
			t.Errorf("a card that may pass later was tried %d times by itself, want 2", n)
		}
		shop.wantPayment(id, map[string]any{"status": "failed"})
		failure, _ := shop.get("/api/v1/payments/" + id).object(t)["failure"].(map[string]any)
		if failure["code"] != "lost_card" || failure["retryable"] != false || failure["retry_after"] != nil {
			t.Errorf("failure = %v", failure)
		}

		support, owner := shop.site.signIn(t, models.RoleSupport, ""), shop.site.signIn(t, models.RoleMerchant, shop.merchant.ID)
		admin := shop.site.signIn(t, models.RoleAdmin, "")
		usual, force := "/payments/"+id+"/retry", "/payments/"+id+"/retry-anyway"
		shop.post("/api/v1"+usual, `{"reason":"the customer asked"}`).problem(t, http.StatusConflict, "retry_forbidden")
		for _, tt := range []struct {
			who    *browser
			path   string
			reason string
			want   int
		}{
			{owner, usual, "the customer asked", http.StatusForbidden},
			{owner, force, "the customer asked", http.StatusForbidden},
			{support, usual, "the customer asked", http.StatusConflict},
			{support, force, "the customer asked", http.StatusForbidden},
			{admin, usual, "the customer asked", http.StatusConflict},
			{admin, force, "", http.StatusUnprocessableEntity},
			{admin, force, "  ?  ", http.StatusUnprocessableEntity},
		} {
			form := retryForm(shop.account.ID)
			form.Set("reason", tt.reason)
			if got := tt.who.post(tt.path, form).status; got != tt.want {
				t.Errorf("%s for the reason %q answers %s with %d, want %d", tt.path, tt.reason, tt.who.user.Role, got, tt.want)
			}
		}
		if attempts, acts := shop.site.attempts(t, id), shop.site.acts(t, id); len(attempts) != 1 || len(acts) != 0 {
			t.Errorf("what was refused left %d attempts and %+v", len(attempts), acts)
		}

		form := retryForm(shop.account.ID)
		form.Set("reason", "found again, says its bank")
		admin.post(force, form).want(t, http.StatusSeeOther)
		shop.wantForced(id, admin)
		shop.work()
		shop.pass(60 * 24 * time.Hour)
		shop.work()
		if n := len(shop.site.attempts(t, id)); n != 2 {
			t.Errorf("%d attempts, want none by itself after the forced one", n)
		}
		shop.wantPayment(id, map[string]any{"status": "failed"})
		shop.wantCharges(0)
	})
}

// wantForced wants the attempt and the audit log to tell who forced it and why.
func (s *till) wantForced(id string, admin *browser) {
	s.t.Helper()
	attempts := s.site.attempts(s.t, id)
	if len(attempts) != 2 {
		s.t.Fatalf("%d attempts", len(attempts))
	}
	if a := attempts[1]; a.Cause != models.CauseManualRetry || a.ActorID != admin.user.ID || a.Reason != "found again, says its bank" {
		s.t.Errorf("attempt = %+v", a)
	}
	acts := s.site.acts(s.t, id)
	if len(acts) != 1 {
		s.t.Fatalf("audit log = %+v", acts)
	}
	if act := acts[0]; act.Action != "payment.retry" || act.Detail["forced"] != "yes" || act.ActorID != admin.user.ID ||
		act.ActorName != admin.user.Email || act.Reason != "found again, says its bank" {
		s.t.Errorf("audit log = %+v", act)
	}
	if text := admin.get("/audit").want(s.t, http.StatusOK).Find("main").Text(); !strings.Contains(text, "found again, says its bank") {
		s.t.Error("the page of the audit log does not show why")
	}
}
