package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestDeskFilters(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		first, second := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleSupport, "")
		failed := s.payment(t, "P-1", models.PaymentFailed, later)
		s.payment(t, "P-2", models.PaymentUnknown, models.Failure{Code: "timeout"})
		s.payment(t, "P-3", models.PaymentNeedsReview, models.Failure{Code: "timeout"})
		flagged := s.payment(t, "P-4", models.PaymentPaid, models.Failure{})
		s.payment(t, "P-5", models.PaymentPaid, models.Failure{})
		s.payment(t, "P-6", models.PaymentFailed, models.Failure{Code: "lost_card", Class: "never"})
		foreign := modelstest.Merchant(t, db)
		big, a := modelstest.Payment(t, db, placed(t, db, models.Order{MerchantID: foreign.ID, Number: "X-1", Currency: "EUR", Amount: 90000}), modelstest.Gateway(t, db, foreign.ID).ID)
		moveAttempt(t, db, a.ID, models.AttemptSending, models.AttemptChange{})
		movePayment(t, db, big.ID, models.PaymentProcessing, models.PaymentChange{})
		moveAttempt(t, db, a.ID, models.AttemptNotSent, models.AttemptChange{})
		movePayment(t, db, big.ID, models.PaymentFailed, models.PaymentChange{Failure: models.Failure{Code: "dial"}})
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.FlagPayment(flagged, models.IssueChargedTwice) })
		first.post("/payments/"+failed.ID+"/claim", nil).want(t, http.StatusSeeOther)
		all := []string{"X-1", "P-6", "P-4", "P-3", "P-2", "P-1"}
		for _, tt := range []struct {
			query string
			want  []string
		}{
			{"", all},
			{"kind=nonsense&class=nonsense&age=nonsense&min=nonsense", all},
			{"kind=failed", []string{"X-1", "P-6", "P-1"}},
			{"kind=unknown", []string{"P-2"}},
			{"kind=needs_review", []string{"P-3"}},
			{"kind=issue", []string{"P-4"}},
			{"kind=mine", []string{"P-1"}},
			{"merchant=" + foreign.Ref, []string{"X-1"}},
			{"provider=sandbox", all},
			{"provider=stripe", nil},
			{"class=never", []string{"P-6"}},
			{"class=later", []string{"P-1"}},
			{"kind=failed&class=technical", []string{"X-1"}},
			{"age=1h", all},
			{"age=over-1d", nil},
			{"currency=EUR&min=500", []string{"X-1"}},
			{"currency=EUR&max=500.00&kind=failed", []string{"P-6", "P-1"}},
			{"q=P-3", []string{"P-3"}},
		} {
			if diff := cmp.Diff(tt.want, first.get("/desk?"+tt.query).want(t, http.StatusOK).numbers()); diff != "" {
				t.Errorf("?%s: %s", tt.query, diff)
			}
		}
		for query, unread := range map[string]bool{"min=1,000": true, "max=nonsense": true, "min=5&max=9.": true, "min=5": false, "min=0&max=": false} {
			got := strings.Contains(first.get("/desk?"+query, htmx...).want(t, http.StatusOK).Find("#desk-table").Text(), "cannot be read")
			if got != unread {
				t.Errorf("?%s: the list says that an amount cannot be read: %t", query, got)
			}
		}
		if got := second.get("/desk?kind=mine").want(t, http.StatusOK).numbers(); len(got) > 0 {
			t.Errorf("what the second works on: %v", got)
		}
		if to := first.get("/desk?min=5&class=never&age=", htmx...).header.Get("HX-Push-Url"); to != "/desk?class=never&currency=EUR&min=5.00" {
			t.Errorf("the address is told as %q", to)
		}
		s.signIn(t, models.RoleMerchant, s.merchant.ID).get("/desk").want(t, http.StatusForbidden)
	})
}

func TestDeskPagesByKeys(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		queries := func() int64 {
			before := s.queries.Load()
			support.get("/desk").want(t, http.StatusOK)
			return s.queries.Load() - before
		}
		support.post("/payments/"+s.payment(t, "P-0", models.PaymentFailed, later).ID+"/claim", nil).want(t, http.StatusSeeOther)
		one := queries()
		for i := 1; i <= listRows; i++ {
			p := s.payment(t, fmt.Sprintf("P-%d", i), models.PaymentFailed, later)
			if i%2 == 0 {
				support.post("/payments/"+p.ID+"/claim", nil).want(t, http.StatusSeeOther)
			}
		}
		if many := queries(); many > one || many > 9 {
			t.Errorf("%d queries for %d payments, %d for one", many, listRows, one)
		}
		page := support.get("/desk").want(t, http.StatusOK)
		next := page.Find(`a[rel=next]`).AttrOr("href", "")
		if got := page.numbers(); len(got) != listRows || got[0] != fmt.Sprintf("P-%d", listRows) {
			t.Errorf("first page = %v", got)
		}
		if got := support.get(next).want(t, http.StatusOK).numbers(); len(got) != 1 || got[0] != "P-0" {
			t.Errorf("next page = %v", got)
		}
	})
}

func TestDeskSaysWhoWorksOnWhat(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		first, second := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleSupport, "")
		p := s.payment(t, "P-1", models.PaymentFailed, later)
		from := append([]string{hxCurrentURL, "http://tillpost.test/desk?kind=failed"}, htmx...)
		done := first.post("/payments/"+p.ID+"/claim", nil, from...).want(t, http.StatusOK)
		if !strings.Contains(done.body, `hx-target="#`+p.ID+`"`) || !strings.Contains(done.body, "/release") {
			t.Errorf("the row is not renewed: %s", done.body)
		}
		seen := second.get("/desk").want(t, http.StatusOK).Find("#" + p.ID)
		if !strings.Contains(seen.Text(), first.user.Email) || seen.Find(`form[action$="/claim"]`).Length() > 0 {
			t.Errorf("the other sees %s", seen.Text())
		}
		refused := second.post("/payments/"+p.ID+"/claim", nil, from...).want(t, http.StatusConflict)
		if !strings.Contains(refused.body, first.user.Email) || !strings.Contains(refused.body, `hx-target="#`+p.ID+`"`) {
			t.Errorf("answer = %s", refused.body)
		}
		row := first.get("/desk/"+p.ID+"/row").want(t, http.StatusOK)
		if row.Find(`form[action$="/release"]`).Length() != 1 || !strings.Contains(row.Text(), "You") {
			t.Errorf("the claimant sees %s", row.Text())
		}
	})
}

func TestClaimChosen(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		people := []*browser{s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleSupport, "")}
		chosen := url.Values{}
		for i := range 6 {
			chosen.Add("selected", s.payment(t, fmt.Sprintf("P-%d", i), models.PaymentFailed, later).ID)
		}
		var all sync.WaitGroup
		for _, who := range people {
			all.Go(func() {
				who.post("/desk/chosen", url.Values{"selected": chosen["selected"]}, htmx...).want(t, http.StatusOK)
			})
		}
		all.Wait()
		claimed := 0
		for _, who := range people {
			claimed += len(who.get("/desk?kind=mine").want(t, http.StatusOK).numbers())
		}
		if claimed != 6 {
			t.Errorf("%d claims of 6 payments", claimed)
		}
		again := people[0].post("/desk/chosen", url.Values{"selected": chosen["selected"]}, htmx...).want(t, http.StatusOK)
		if !strings.Contains(again.body, "You work on") {
			t.Errorf("answer = %s", again.body)
		}
		people[0].post("/desk/chosen", url.Values{"selected": {"pay_x"}}, htmx...).want(t, http.StatusNotFound)
		people[0].post("/desk/chosen", nil).want(t, http.StatusSeeOther)
	})
}
