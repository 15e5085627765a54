package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Staff sees what is open first, finds the rest by filters, and deals with it;
// a merchant sees its own alone.
func TestIncidentPages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		endpoint, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
		own := wrong(t, db, alerts.EndpointDisabled, endpoint.ID, &m.ID)
		global, over := wrong(t, db, alerts.WorkersStopped, "", nil), wrong(t, db, alerts.DiskFull, "", nil)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.ResolveIncident(over)
			return err
		})
		admin := s.signIn(t, models.RoleAdmin, "")
		open := admin.get("/incidents").want(t, http.StatusOK)
		if got := open.texts("tr[data-row] .row-link"); len(got) != 2 || got[0] != "No worker runs" || got[1] != "Webhooks to Tea & <Co> are switched off" {
			t.Errorf("open: %q", got)
		}
		for query, want := range map[string]int{
			"?state=resolved": 1, "?state=all": 3, "?state=nonsense": 2, "?kind=workers_stopped": 1, "?severity=warning": 1, "?kind=disk_full": 0,
		} {
			if got := admin.get("/incidents" + query).texts("tr[data-row]"); len(got) != want {
				t.Errorf("%s shows %q", query, got)
			}
		}
		if got := admin.get("/incidents/bell", htmx...).texts("#incident-bell"); len(got) != 1 || got[0] != "2" {
			t.Errorf("the bell shows %q", got)
		}
		merchant := s.signIn(t, models.RoleMerchant, m.ID)
		if got := merchant.get("/incidents?state=all").texts("tr[data-row] .row-link"); len(got) != 1 || got[0] != "Webhooks to Tea & <Co> are switched off" {
			t.Errorf("the merchant sees %q", got)
		}
		merchant.get("/incidents/"+global.ID).want(t, http.StatusNotFound)
		detail := merchant.get("/incidents/"+own.ID).want(t, http.StatusOK)
		if detail.Find(`a[href="/endpoints/`+endpoint.ID+`"]`).Length() != 1 || detail.Find(`a[href$="/acknowledge"]`).Length() != 0 {
			t.Error("the merchant's page lacks the way to the endpoint, or shows what it may not do")
		}
		address := "/incidents/" + own.ID
		refused := admin.post(address+"/acknowledge", url.Values{"reason": {" "}}, htmx...).want(t, http.StatusUnprocessableEntity)
		if len(refused.texts(".field-error")) != 1 {
			t.Error("no reason is not refused")
		}
		done := admin.post(address+"/acknowledge", url.Values{"reason": {"I call <them>"}}, htmx...).want(t, http.StatusOK)
		if done.header.Get(hxTrigger) != closeDialog || !strings.Contains(done.body, "I call &lt;them&gt;") {
			t.Errorf("acknowledged: %.300s", done.body)
		}
		admin.post(address+"/acknowledge", url.Values{"reason": {"again"}}).want(t, http.StatusConflict)
		admin.post(address+"/silence", url.Values{"reason": {"known"}, "for": {"9000h"}}, htmx...).want(t, http.StatusUnprocessableEntity)
		admin.post(address+"/silence", url.Values{"reason": {"known"}, "for": {"24h"}}).want(t, http.StatusSeeOther)
		if got := admin.get(address).texts(".badge"); !strings.Contains(strings.Join(got, " "), "Silenced") {
			t.Errorf("silenced: %q", got)
		}
		admin.post(address+"/unsilence", nil).want(t, http.StatusSeeOther)
		if silence, err := db.AlertSilence(t.Context(), own.Key); err != nil || silence != nil {
			t.Errorf("still silent: %+v, %v", silence, err)
		}
	})
}

// What staff notes about a merchant's incident is for colleagues: the merchant
// sees that somebody sees to it, and not who and why.
func TestReasonsOfStaffAreNotTheMerchants(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		agent, merchant := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)
		address := "/incidents/" + wrong(t, db, alerts.EndpointDisabled, "whe_1", &m.ID).ID
		agent.post(address+"/acknowledge", url.Values{"reason": {"they never answer"}}).want(t, http.StatusSeeOther)
		agent.post(address+"/silence", url.Values{"reason": {"a hopeless case"}, "for": {"24h"}}).want(t, http.StatusSeeOther)
		notes := []string{"they never answer", agent.user.Email + ": a hopeless case"}
		own := merchant.get(address).want(t, http.StatusOK)
		for _, note := range notes {
			if !strings.Contains(agent.get(address).body, note) {
				t.Errorf("staff does not read %q", note)
			}
		}
		for _, note := range append(notes, "a hopeless case", agent.user.Email, agent.user.ID) {
			if strings.Contains(own.body, note) {
				t.Errorf("the merchant reads %q", note)
			}
		}
		seen := strings.Join(own.texts("#incident-detail"), " ")
		for _, done := range []string{"Silenced until", "Acknowledged an incident", "Silenced an incident"} {
			if !strings.Contains(seen, done) {
				t.Errorf("the merchant does not see %q in %q", done, seen)
			}
		}
	})
}

// Whom messages went to, and why one did not arrive, stands on the page; a
// merchant sees its own people alone.
func TestIncidentMessages(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newSite(t, db)
	m := modelstest.Merchant(t, db)
	admin, merchant := s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleMerchant, m.ID)
	i := wrong(t, db, alerts.EndpointDisabled, "whe_1", &m.ID)
	modelstest.Write(t, db, func(tx *models.Tx) error {
		for target, of := range map[string]*string{admin.user.ID: nil, merchant.user.ID: &m.ID, channel(t, modelstest.SQLite(t), nil).ID: nil} {
			if err := tx.QueueAlert(models.AlertMessage{IncidentID: &i.ID, MerchantID: of, Kind: models.AlertOpened, Number: 1, Target: target}); err != nil {
				return err
			}
		}
		return nil
	})
	messages, err := db.IncidentAlerts(t.Context(), i.ID)
	if err != nil {
		t.Fatal(err)
	}
	modelstest.Write(t, db, func(tx *models.Tx) error {
		for n := range messages {
			if _, err := tx.ClaimAlert(&messages[n], time.Minute); err != nil {
				return err
			}
			if err := tx.FinishAlert(&messages[n], models.AlertFailed, "mail: the mail server refused the recipient (550)", nil); err != nil {
				return err
			}
		}
		return nil
	})
	all := admin.get("/incidents/" + i.ID).texts(`[data-testid="alert-message"]`)
	if len(all) != 3 || !strings.Contains(strings.Join(all, " "), "The mail server did not take it (the mail server refused the recipient (550))") {
		t.Errorf("messages: %q", all)
	}
	own := merchant.get("/incidents/" + i.ID).texts(`[data-testid="alert-message"]`)
	if len(own) != 1 || !strings.Contains(own[0], merchant.user.Email) {
		t.Errorf("the merchant sees %q", own)
	}
}

func TestAlertRulePages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		if got := admin.get("/alerts/rules").texts("tr[data-row]"); len(got) != len(alerts.Rules()) {
			t.Errorf("%d rules are shown", len(got))
		}
		address := "/alerts/rules/" + alerts.QueueFull
		form := admin.get(address).want(t, http.StatusOK)
		if value, _ := form.Find("input[name=age]").Attr("value"); value != "10m" {
			t.Errorf("the age is %q", value)
		}
		for _, wrong := range []url.Values{
			{"enabled": {"on"}, "severity": {"warning"}, "age": {"soon"}, "count": {"5"}}, {"enabled": {"on"}, "severity": {"warning"}, "age": {"5m"}, "count": {"5"}},
			{"enabled": {"on"}, "severity": {"loud"}, "age": {"5m"}, "count": {"50"}}, {"enabled": {"on"}, "severity": {"warning"}, "age": {"5m, 6m"}, "count": {"50"}},
		} {
			if a := admin.post(address, wrong); a.status != http.StatusUnprocessableEntity || len(a.texts(".field-error")) == 0 || strings.Contains(a.body, "parted by commas") {
				t.Errorf("%v answers %d", wrong, a.status)
			}
		}
		admin.post(address, url.Values{"severity": {"warning"}, "age": {"5m"}, "count": {"50"}}).want(t, http.StatusSeeOther)
		row := admin.get("/alerts/rules").texts("#rule-" + alerts.QueueFull)
		if len(row) != 1 || !strings.Contains(row[0], "Older than: 5m · More than: 50") || !strings.Contains(row[0], "Off") || !strings.Contains(row[0], admin.user.Email) {
			t.Errorf("the rule is now %q", row)
		}
		admin.get("/alerts/rules/nonsense").want(t, http.StatusNotFound)
	})
}

// What a user wants is kept; what cannot be is shown again with why.
func TestAlertPreferences(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		form := func(more url.Values) url.Values {
			values := url.Values{"enabled": {"on"}, "quiet_from": {"22:00"}, "quiet_to": {"07:00"}}
			maps.Copy(values, more)
			return values
		}
		admin.post("/preferences/alerts", form(url.Values{"kinds": {alerts.DiskFull, "nonsense"}, "critical": {"on"}})).want(t, http.StatusSeeOther)
		got, err := db.AlertSubscription(t.Context(), admin.user)
		if err != nil || !got.Enabled || !got.Critical || len(got.Kinds) != 1 || got.Kinds[0] != alerts.DiskFull || got.QuietFrom != "22:00" {
			t.Errorf("stored %+v, %v", got, err)
		}
		page := admin.get("/preferences").want(t, http.StatusOK)
		if page.Find(`#alerts input[name=kinds][checked]`).Length() != 1 || page.Find(`#alerts input[name=critical][checked]`).Length() != 1 {
			t.Error("the page does not show what is stored")
		}
		for _, wrong := range []url.Values{{"kinds": {}}, {"kinds": {alerts.DiskFull}, "quiet_to": {"25:00"}}, {"kinds": {alerts.DiskFull}, "quiet_to": {"22:00"}}} {
			admin.post("/preferences/alerts", form(wrong)).want(t, http.StatusUnprocessableEntity)
		}
		for _, end := range []string{"quiet_from", "quiet_to"} {
			a := admin.post("/preferences/alerts", form(url.Values{"kinds": {alerts.DiskFull}, end: {""}})).want(t, http.StatusUnprocessableEntity)
			if said := a.Find("#field-" + end + "-error").Text(); !strings.Contains(said, "both From and To") {
				t.Errorf("without %s: %q", end, said)
			}
		}
	})
}

// Every mail is there in every language, as text and as a document of its own
// that may load and run nothing.
func TestMailPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	admin := s.signIn(t, models.RoleAdmin, "")
	for _, language := range []string{"en", "zh-Hans", "ms"} {
		page := admin.get("/mails?language="+language).want(t, http.StatusOK)
		if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src 'self'") || !strings.Contains(policy, "script-src 'self'") {
			t.Errorf("the page's policy: %s", policy)
		}
		frames := page.Find("iframe")
		if want := 7 + len(models.MailKinds); frames.Length() != want {
			t.Errorf("%s: %d mails, want %d", language, frames.Length(), want)
		}
		for n := range frames.Nodes {
			src, _ := frames.Eq(n).Attr("src")
			if sandbox, set := frames.Eq(n).Attr("sandbox"); !set || sandbox != "" {
				t.Errorf("%s stands in no sandbox", src)
			}
			mail := admin.get(src).want(t, http.StatusOK)
			policy := mail.header.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'; style-src 'unsafe-inline'") || !strings.Contains(policy, "sandbox") || mail.header.Get("X-Frame-Options") != "SAMEORIGIN" {
				t.Errorf("%s: %s", src, policy)
			}
			if lang, _ := mail.Find("html").Attr("lang"); lang != language || len(mail.texts("h1")) != 1 {
				t.Errorf("%s is in %q", src, lang)
			}
		}
	}
	admin.get("/mails/nonsense").want(t, http.StatusNotFound)
	if other := admin.get("/incidents"); !strings.Contains(other.header.Get("Content-Security-Policy"), "frame-src 'none'") {
		t.Error("other pages may show frames too")
	}
}
