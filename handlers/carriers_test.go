package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

func callsOf(t *testing.T, db *models.DB, account string) []models.CarrierCall {
	t.Helper()
	found, _, err := db.CarrierCalls(t.Context(), models.AllMerchants(), models.CarrierCallFilter{AccountID: account}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// ailing sets what an account's calls have taught of it.
func ailing(t *testing.T, db *models.DB, id string, h models.CarrierHealth) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		a, err := tx.CarrierAccount(models.AllMerchants(), id)
		if err != nil {
			return err
		}
		return tx.SetCarrierHealth(a, h)
	})
}

// health is what an account's page says of it, blanks folded.
func (a answer) health() string { return strings.Join(a.texts("#account-health"), " ") }

func TestCarrierHealth(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		due := db.Now().Add(-time.Minute)
		parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID, NextPollAt: &due})
		for range 19 {
			called(t, db, account, models.CarrierCall{LatencyMS: 80})
		}
		called(t, db, account, models.CarrierCall{LatencyMS: 900, Outcome: models.CallUnavailable})
		past, future := db.Now().Add(-time.Minute), db.Now().Add(time.Hour)
		path := views.CarriersPath + "/" + account.ID
		agent := s.signIn(t, models.RoleSupport, "")
		for want, h := range map[string]models.CarrierHealth{
			"Works":                                  {LastError: "HTTP 503", LastErrorKind: models.CallUnavailable, LastErrorAt: &past},
			"The carrier fails: calls stopped":       {BrokenAt: &past, ResumeAt: &future, Failures: 5},
			"Trying whether the carrier answers":     {BrokenAt: &past, ResumeAt: &past, Failures: 5},
			"The carrier asked to wait":              {ResumeAt: &future, SlowedUntil: &future},
			"there were too many calls":              {SlowedUntil: &future},
			"Carrier refused the credentials 1 minu": {LastErrorKind: models.CallAuth, LastErrorAt: &past},
		} {
			ailing(t, db, account.ID, h)
			page := agent.get(path).want(t, http.StatusOK)
			uitest.Check(t, page.Document)
			for _, text := range []string{want, "95.0%", "Calls in 24 hours20", "Parcels that wait1"} {
				if !strings.Contains(page.health(), text) {
					t.Errorf("the page does not say %q: %s", text, page.health())
				}
			}
			if page.Find("form[action^='"+path+"'], #account-settings, #account-limits").Length() != 0 {
				t.Error("support can configure the account")
			}
		}
		fragment := agent.get(path, htmx...).want(t, http.StatusOK)
		if fragment.Find("#account-health[data-live='account:"+account.ID+" carrier_call:"+account.ID+"']").Length() != 1 || fragment.Find("main").Length() != 0 {
			t.Errorf("the health does not renew itself: %s", fragment.body)
		}
		ailing(t, db, account.ID, models.CarrierHealth{LastErrorKind: models.CallAuth, LastErrorAt: &past})
		row := agent.get(views.CarriersPath).want(t, http.StatusOK).texts("#" + account.ID)
		for _, text := range []string{"95.0%", "Carrier refused the credentials"} {
			if len(row) != 1 || !strings.Contains(row[0], text) {
				t.Errorf("the list does not say %q: %q", text, row)
			}
		}
	})
}

func TestCarrierActsAskForAReason(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		path := views.CarriersPath + "/" + account.ID
		admin := s.signIn(t, models.RoleAdmin, "")
		stored := func() *models.CarrierAccount {
			a, err := db.CarrierAccount(t.Context(), models.AllMerchants(), account.ID)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		for _, act := range []string{"pause", "resume", "reset"} {
			uitest.Check(t, admin.get(path+"/"+act).want(t, http.StatusOK).Document)
			for _, reason := range []string{"", " a ", strings.Repeat("x", 501)} {
				refused := admin.post(path+"/"+act, url.Values{"reason": {reason}}).want(t, http.StatusUnprocessableEntity)
				if refused.Find("#field-reason-error").Length() != 1 {
					t.Errorf("%s for the reason %.10q: %s", act, reason, refused.body)
				}
			}
		}
		for _, during := range []string{"soon", "-1h", "2h", "100000h"} {
			refused := admin.post(path+"/pause", url.Values{"reason": {"strike"}, "during": {during}}).want(t, http.StatusUnprocessableEntity)
			if refused.Find("#field-during-error").Length() != 1 || refused.Find("textarea").Text() != "strike" {
				t.Errorf("for %q: %s", during, refused.body)
			}
		}
		done := admin.post(path+"/pause", url.Values{"reason": {"strike"}, "during": {"1h0m0s"}}, htmx...).want(t, http.StatusOK)
		if a := stored(); a.PausedUntil == nil || a.PauseReason != "strike" || a.PausedBy != admin.user.Email || done.header.Get(hxTrigger) != closeDialog {
			t.Errorf("account = %+v", a)
		}
		page := admin.get(path).want(t, http.StatusOK)
		for _, text := range []string{"Paused by a person", "strike", admin.user.Email, "until"} {
			if !strings.Contains(page.health(), text) {
				t.Errorf("a paused account does not say %q: %s", text, page.health())
			}
		}
		admin.post(path+"/resume", url.Values{"reason": {"over"}}).want(t, http.StatusSeeOther)
		if stored().PausedAt != nil {
			t.Error("a resumed account is paused")
		}
		now := db.Now()
		ailing(t, db, account.ID, models.CarrierHealth{BrokenAt: &now, ResumeAt: &now})
		admin.post(path+"/reset", url.Values{"reason": {"they are back"}}).want(t, http.StatusSeeOther)
		if stored().BrokenAt != nil {
			t.Error("the breaker is open after its reset")
		}
		if got := actions(t, db, account.ID); !slices.Equal(got, []string{"account.reset", "account.resume", "account.pause"}) {
			t.Errorf("audit log = %v", got)
		}
	})
}

func TestCarrierLimits(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		path := views.CarriersPath + "/" + account.ID
		admin := s.signIn(t, models.RoleAdmin, "")
		page := admin.get(path).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		if rate, _ := page.Find("#field-rate_per_second").Attr("placeholder"); rate != "10" {
			t.Errorf("the carrier's own rate is shown as %q", rate)
		}
		for field, values := range map[string][]string{
			"quota_per_day": {"many", "-1", "0", "1000000000"}, "rate_per_second": {"fast", "-1", "0", "1e9", "NaN", "Inf"},
		} {
			for _, bad := range values {
				for _, headers := range [][]string{nil, htmx} {
					refused := admin.post(path+"/limits", url.Values{field: {bad}}, headers...).want(t, http.StatusUnprocessableEntity)
					if refused.Find("#field-"+field+"-error").Length() != 1 {
						t.Errorf("%s %q: %s", field, bad, refused.body)
					}
				}
			}
		}
		admin.post(path+"/limits", url.Values{"quota_per_day": {"1,000"}, "rate_per_second": {"0.5"}}).want(t, http.StatusSeeOther)
		shown := admin.get(path).want(t, http.StatusOK)
		if quota, _ := shown.Find("#field-quota_per_day").Attr("value"); quota != "1000" {
			t.Errorf("quota is %q", quota)
		}
		if text := strings.Join(shown.texts("[data-testid=quota]"), " "); !strings.Contains(text, "0 of 1000") || !strings.Contains(text, "200 are kept") {
			t.Errorf("the quota is told as %q", text)
		}
		done := admin.post(path+"/limits", url.Values{}, htmx...).want(t, http.StatusOK)
		if !strings.Contains(done.body, "no known quota") {
			t.Errorf("answer = %s", done.body)
		}
		if got := actions(t, db, account.ID); !slices.Equal(got, []string{"account.limit", "account.limit"}) {
			t.Errorf("audit log = %v", got)
		}
	})
}

func TestLogOfCalls(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account, other := courier(t, db, m.ID), courier(t, db, modelstest.Merchant(t, db).ID)
		path := views.CarriersPath + "/" + account.ID + "/calls"
		agent := s.signIn(t, models.RoleSupport, "")
		uitest.Check(t, agent.get(path).want(t, http.StatusOK).Document)
		for range listRows + 2 {
			called(t, db, account, models.CarrierCall{URL: "https://carrier.example/track?number=SBX1", Status: 200, Answer: `{"a":1}`})
		}
		failed := called(t, db, account, models.CarrierCall{
			URL: "https://carrier.example/track", Outcome: models.CallUnavailable, Request: `{"numbers":["SBX1"]}`, Answer: "<html>down</html>",
			Error: "the carrier failed with HTTP 503", Status: 503, LatencyMS: 1200, Parcels: 3, StartedAt: db.Now().Add(time.Second),
		})
		called(t, db, other, models.CarrierCall{URL: "https://carrier.example/FOREIGN"})
		first := agent.get(path).want(t, http.StatusOK)
		uitest.Check(t, first.Document)
		if rows := first.texts("tr[data-row]"); len(rows) != listRows || !strings.Contains(rows[0], "Carrier not reachable") || strings.Contains(first.body, "FOREIGN") {
			t.Errorf("%d rows, the first is %q", len(rows), rows[0])
		}
		next, _ := first.Find("a[rel=next]").Attr("href")
		if rows := agent.get(next).want(t, http.StatusOK).texts("tr[data-row]"); len(rows) != 3 {
			t.Errorf("the second page, %s, has %d rows", next, len(rows))
		}
		if rows := agent.get(path + "?outcome=unavailable").texts("tr[data-row]"); len(rows) != 1 {
			t.Errorf("%d rows failed", len(rows))
		}
		if rows := agent.get(path + "?outcome=auth").texts("tr[data-row]"); len(rows) != 0 {
			t.Errorf("%d rows were refused", len(rows))
		}
		agent.get(path+"/count", htmx...).want(t, http.StatusOK)
		call := agent.get(path+"/"+failed.ID).want(t, http.StatusOK)
		uitest.Check(t, call.Document)
		for selector, text := range map[string]string{
			"#call-sent": "\"numbers\": [", "#call-answer": "<html>down</html>", "#call-facts": "the carrier failed with HTTP 503",
		} {
			if !strings.Contains(call.Find(selector).Text(), text) {
				t.Errorf("%s does not say %q: %s", selector, text, call.Find(selector).Text())
			}
		}
		agent.get(views.CarriersPath+"/"+other.ID+"/calls/"+failed.ID).want(t, http.StatusNotFound)
		s.signIn(t, models.RoleMerchant, m.ID).get(path).want(t, http.StatusForbidden)
	})
}

// A parcel that is not asked about says so: to staff why, to its merchant that.
func TestParcelOfAnAccountThatDoesNotCall(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		due := db.Now()
		open := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID, NextPollAt: &due})
		done := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-2", CarrierAccountID: &account.ID, Status: models.ShipmentDelivered})
		agent, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)
		told := func(who *browser, sh *models.Shipment) string {
			return strings.Join(who.get("/shipments/"+sh.ID).want(t, http.StatusOK).texts("[data-testid=account-trouble]"), " ")
		}
		if got := told(agent, open); got != "" {
			t.Errorf("of an account that works: %q", got)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(account.ID, "the credentials were refused")
			return err
		})
		if got := told(agent, open); !strings.Contains(got, "the credentials were refused") {
			t.Errorf("staff are told %q", got)
		}
		if got := told(owner, open); got == "" || strings.Contains(got, "credentials") {
			t.Errorf("the merchant is told %q", got)
		}
		if got := told(agent, done); got != "" {
			t.Errorf("of a parcel that nobody would ask about: %q", got)
		}
	})
}

// A parcel without an account says so, and what to do about it.
func TestParcelWithoutAnAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		open := parcel(t, db, models.Shipment{MerchantID: m.ID, Carrier: "dhl", TrackingNumber: "JD-1"})
		done := parcel(t, db, models.Shipment{MerchantID: m.ID, Carrier: "dhl", TrackingNumber: "JD-2", Status: models.ShipmentDelivered})
		admin, owner := s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleMerchant, m.ID)
		page := admin.get("/shipments/"+open.ID).want(t, http.StatusOK)
		href, _ := page.Find("#shipment-sync a").Attr("href")
		if page.Find("[data-testid=no-account]").Length() != 1 || !strings.HasPrefix(href, views.CarriersPath+"/new?") {
			t.Errorf("admins are led to %q", href)
		}
		if form := admin.get(href).want(t, http.StatusOK); form.Find(`[name$="api_key"]`).Length() != 1 {
			t.Errorf("no form of an account at the carrier")
		}
		if text := owner.get("/shipments/" + open.ID).Find("#shipment-sync").Text(); !strings.Contains(text, "Ask an administrator") {
			t.Errorf("merchants are told %q", text)
		}
		if text := admin.get("/shipments/" + done.ID).Find("[data-testid=no-account]").Text(); text != "" {
			t.Errorf("of a parcel that arrived: %q", text)
		}
		board := owner.get(views.AttentionPath+"?kind="+string(models.TroubleUnfollowed)).want(t, http.StatusOK)
		if text := board.Find("#attention-table").Text(); !strings.Contains(text, "JD-1") || strings.Contains(text, "JD-2") {
			t.Errorf("the board shows %q", text)
		}
	})
}

// An account whose share of the day's calls is used says so with its end, and so
// do parcels that wait for it.
func TestUsedUpShareIsShown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := courier(t, db, m.ID)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if err := tx.SetCarrierLimits(account.ID, models.CarrierLimits{QuotaPerDay: 300}); err != nil {
				return err
			}
			return tx.CountCarrierCalls(account.ID, 300, tx.Now())
		})
		due := db.Now().Add(-time.Minute)
		sh := parcel(t, db, models.Shipment{MerchantID: m.ID, TrackingNumber: "SBX-1", CarrierAccountID: &account.ID, NextPollAt: &due})
		admin := s.signIn(t, models.RoleAdmin, "")
		if text := admin.get(views.CarriersPath).want(t, http.StatusOK).Find("#account-table").Text(); !strings.Contains(text, "Share of calls used") {
			t.Errorf("the list says %q", text)
		}
		if text := admin.get(views.CarriersPath + "/" + account.ID).Find("[data-testid=state]").Text(); !strings.Contains(text, "share of calls is used") || !strings.Contains(text, "until") {
			t.Errorf("its page says %q", text)
		}
		page := admin.get("/shipments/"+sh.ID).want(t, http.StatusOK)
		if text := page.Find("#shipment-sync").Text(); !strings.Contains(text, "Held until") || strings.Contains(text, "Being asked now") {
			t.Errorf("the parcel says %q", text)
		}
		refused := admin.post("/shipments/"+sh.ID+"/sync", nil, htmx...).want(t, http.StatusTooManyRequests)
		if !strings.Contains(refused.body, "used up today") {
			t.Errorf("a question by hand is answered %s", refused.body)
		}
	})
}
