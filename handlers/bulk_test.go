package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views"
)

// chosen makes failed payments, of which the last must never be tried again.
func (s *shop) chosen(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		why := later
		if i == n-1 {
			why = models.Failure{Code: "stolen_card", Class: "never", Message: "The card was reported stolen."}
		}
		ids[i] = s.payment(t, fmt.Sprintf("P-%d", i), models.PaymentFailed, why).ID
	}
	return ids
}

// What is chosen at the desk is looked at first, started with a reason, and
// followed to its end.
func TestBulkRetryFromTheDesk(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		agent := s.signIn(t, models.RoleSupport, "")
		ids := s.chosen(t, 4)
		led := agent.post("/desk/chosen", url.Values{"selected": ids, "act": {"retry"}}).want(t, http.StatusSeeOther)
		plan := agent.get(led.header.Get(fiber.HeaderLocation)).want(t, http.StatusOK)
		if n := plan.Find("#bulk-verdicts tbody tr").Length(); n != 4 || len(plan.texts("input[name=payment]")) != 4 {
			t.Errorf("%d verdicts", n)
		}
		if left := plan.Find("#bulk-verdicts #" + ids[3]).Text(); !strings.Contains(left, "Left out") {
			t.Errorf("the stolen card: %s", left)
		}
		if sums := plan.texts("[data-testid=bulk-sums]"); len(sums) != 1 || !strings.Contains(sums[0], "399.66") {
			t.Errorf("sums %v", sums)
		}
		all := agent.get(views.BulkPath+"/new?kind=needs_review&class=later").want(t, http.StatusOK)
		if n := all.Find("#bulk-verdicts tbody tr").Length(); n != 3 {
			t.Errorf("%d failed payments of the filter", n)
		}
		for field, in := range map[string]url.Values{
			"reason":     {"payment": ids, "per_minute": {"60"}, "_key": {formKey(t, plan)}},
			"per_minute": {"payment": ids, "per_minute": {"many"}, "reason": {"the bank is back"}},
		} {
			a := agent.post(views.BulkPath, in).want(t, http.StatusUnprocessableEntity)
			if a.Find("#field-"+field+"-error").Length() != 1 || a.Find("input[name=payment]").Length() != 4 {
				t.Errorf("%s: %v", field, a.texts(".field-error"))
			}
		}
		many := url.Values{"payment": append(make([]string, models.MaxBulk), ids...), "per_minute": {"60"}, "reason": {"the bank is back"}}
		copy(many["payment"], ids)
		if a := agent.post(views.BulkPath, many).want(t, http.StatusUnprocessableEntity); !strings.Contains(a.Find("#bulk-form").Text(), "at most 500") {
			t.Errorf("too many: %s", a.Find("#bulk-form").Text())
		}
		in := url.Values{"payment": ids, "per_minute": {"600"}, "reason": {"the bank is back"}, "_key": {formKey(t, plan)}}
		page := agent.post(views.BulkPath, in).want(t, http.StatusSeeOther).header.Get(fiber.HeaderLocation)
		if twice := agent.post(views.BulkPath, in).want(t, http.StatusSeeOther).header.Get(fiber.HeaderLocation); twice != page {
			t.Errorf("the same form once more leads to %s, not %s", twice, page)
		}
		in.Set("_key", formKey(t, all))
		if again := agent.post(views.BulkPath, in).want(t, http.StatusUnprocessableEntity); !strings.Contains(again.body, "waits in a bulk retry already") {
			t.Errorf("the same once more: %v", again.texts(".alert"))
		}
		if s.signIn(t, models.RoleAdmin, "").get("/audit?action=bulk_retry.start").Find(`a[href="`+page+`"]`).Length() != 1 {
			t.Error("the audit log does not lead to it")
		}
		shows := agent.get(page).want(t, http.StatusOK)
		if n := shows.Find("#bulk-items tbody tr").Length(); n != 3 {
			t.Errorf("%d payments", n)
		}
		paused := agent.post(page+"/pause", nil, htmx...).want(t, http.StatusOK)
		if paused.Find(`form[action$="/resume"]`).Length() != 1 || paused.Find("#bulk-progress").Length() != 1 {
			t.Error("a paused one cannot be resumed")
		}
		agent.post(page+"/pause", nil, htmx...).want(t, http.StatusConflict)
		agent.post(page+"/resume", nil).want(t, http.StatusSeeOther)
		b, _, err := db.BulkRetries(t.Context(), models.Page{})
		if err != nil || len(b) != 1 {
			t.Fatalf("%v, %v", b, err)
		}
		if err := s.pay.WorkBulk(t.Context(), b[0].ID); err != nil {
			t.Fatal(err)
		}
		done := agent.get(page).want(t, http.StatusOK)
		if done.texts("[data-testid=bulk-retried]")[0] != "3" || done.texts("[data-testid=bulk-ends]")[0] != "Processing: 3" {
			t.Errorf("retried %v, ends %v", done.texts("[data-testid=bulk-retried]"), done.texts("[data-testid=bulk-ends]"))
		}
		if list := agent.get(views.BulkPath).want(t, http.StatusOK).texts("#bulk-table .row-link"); len(list) != 1 || list[0] != "the bank is back" {
			t.Errorf("list %v", list)
		}
	})
}

// Of each payment only the refusals of its card are asked for, which has up to
// three caps.
func TestBulkPlanNeedsFewQueries(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	agent := s.signIn(t, models.RoleSupport, "")
	queries := func() int64 {
		before := s.queries.Load()
		agent.get(views.BulkPath+"/new").want(t, http.StatusOK)
		return s.queries.Load() - before
	}
	s.payment(t, "P-0", models.PaymentFailed, later)
	one := queries()
	for i := range 5 {
		s.payment(t, fmt.Sprintf("P-%d", i+1), models.PaymentFailed, later)
	}
	if many := queries(); many > one+3*5 {
		t.Errorf("%d queries for six payments, %d for one", many, one)
	}
}
