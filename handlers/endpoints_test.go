package handlers

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

var deliveryID = regexp.MustCompile(`dlv_[0-9a-z]{26}`)

var secretText = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`)

// endpoints are all of a merchant.
func endpoints(t *testing.T, db *models.DB, merchantID string) []models.Endpoint {
	t.Helper()
	found, _, err := db.Endpoints(t.Context(), models.MerchantScope(merchantID), models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// actions are what was done to a thing, the newest first.
func actions(t *testing.T, db *models.DB, objectID string) []string {
	t.Helper()
	acts, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: objectID}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, act := range acts {
		names = append(names, act.Action)
	}
	return names
}

// formKey is the key that a form was issued with.
func formKey(t *testing.T, a answer) string {
	t.Helper()
	key := a.Find("input[name=_key]").AttrOr("value", "")
	if key == "" {
		t.Fatalf("the form has no key: %s", a.body)
	}
	return key
}

func TestEndpointSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		blank := owner.get("/endpoints/new").want(t, http.StatusOK)
		uitest.Check(t, blank.Document)
		form := url.Values{
			"_key": {formKey(t, blank)}, "url": {"https://shop.example/hooks"}, "description": {"Shop"},
			"event": {"payment.paid", "shipment.late"}, "max_in_flight": {"8"},
			"header_name": {"authorization", "", "X-Shop"}, "header_value": {"Bearer canary-1", "", "canary-2"},
		}
		made := owner.post("/endpoints", form).want(t, http.StatusOK)
		secret := secretText.FindString(made.Find("[data-testid=new-secret]").Text())
		if secret == "" || made.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("the answer has no secret, or may be stored (%s): %s", made.header.Get("Cache-Control"), made.body)
		}
		again := owner.post("/endpoints", form).want(t, http.StatusOK)
		if secretText.MatchString(again.body) || !strings.Contains(again.body, "sent twice") {
			t.Errorf("sending the form twice is told as %s", again.body)
		}
		all := endpoints(t, db, m.ID)
		if len(all) != 1 || !cmp.Equal(all[0].Events, []string{"payment.paid", "shipment.late"}) ||
			!cmp.Equal(all[0].HeaderNames, []string{"Authorization", "X-Shop"}) {
			t.Fatalf("there are endpoints %+v", all)
		}
		id := all[0].ID
		rotate := owner.get("/endpoints/"+id+"/rotate").want(t, http.StatusOK)
		form = url.Values{"_key": {formKey(t, rotate)}}
		rotated := secretText.FindString(owner.post("/endpoints/"+id+"/rotate", form, htmx...).want(t, http.StatusOK).body)
		if rotated == "" || rotated == secret {
			t.Errorf("replaced by %q", rotated)
		}
		if body := owner.post("/endpoints/"+id+"/rotate", form).want(t, http.StatusOK).body; secretText.MatchString(body) {
			t.Error("the replaced secret is shown twice")
		}
		if alert := owner.get("/endpoints/" + id).Find("#endpoint-detail .alert").Text(); !strings.Contains(alert, "2 secrets sign") || !strings.Contains(alert, "(in 2") {
			t.Errorf("of the secrets that sign, the page says %q", alert)
		}
		for _, path := range []string{"/endpoints", "/endpoints/" + id, "/endpoints/" + id + "/edit", "/deliveries"} {
			if body := owner.get(path).want(t, http.StatusOK).body; strings.Contains(body, secret) || strings.Contains(body, rotated) || strings.Contains(body, "canary") {
				t.Errorf("%s shows a secret", path)
			}
		}
		if diff := cmp.Diff([]string{"endpoint.rotate_secret", "endpoint.create"}, actions(t, db, id)); diff != "" {
			t.Errorf("audit log (-want +got):\n%s", diff)
		}
	})
}

func TestEndpointIsRefusedBesideItsField(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		owner, admin := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleAdmin, "")
		tests := map[string]struct {
			who   *browser
			form  url.Values
			field string
		}{
			"a private address": {owner, url.Values{"url": {"http://127.0.0.1/"}}, "#field-url-error"},
			"no address":        {owner, url.Values{"url": {"ftp://shop.example"}}, "#field-url-error"},
			"an unknown type":   {owner, url.Values{"url": {"https://shop.example"}, "event": {"order.lost"}}, ".field-error"},
			"a header of ours":  {owner, url.Values{"url": {"https://shop.example"}, "header_name": {"Host"}, "header_value": {"x"}}, "#headers-error"},
			"a header twice":    {owner, url.Values{"url": {"https://shop.example"}, "header_name": {"X-A", "X-A"}, "header_value": {"1", "2"}}, "#headers-error"},
			"a header of none":  {owner, url.Values{"url": {"https://shop.example"}, "header_name": {"X-A"}, "header_value": {""}}, "#headers-error"},
			"a fast rate":       {owner, url.Values{"url": {"https://shop.example"}, "rate_per_second": {"1001"}}, "#field-rate_per_second-error"},
			"no rate":           {owner, url.Values{"url": {"https://shop.example"}, "rate_per_second": {"fast"}}, "#field-rate_per_second-error"},
			"nothing at once":   {owner, url.Values{"url": {"https://shop.example"}, "max_in_flight": {"0"}}, "#field-max_in_flight-error"},
			"no merchant":       {admin, url.Values{"url": {"https://shop.example"}}, "#field-merchant-error"},
		}
		for name, test := range tests {
			test.form.Set("_key", newFormKey())
			if !test.form.Has("event") {
				test.form.Set("all_events", "on")
			}
			if !test.form.Has("max_in_flight") {
				test.form.Set("max_in_flight", "8")
			}
			refused := test.who.post("/endpoints", test.form).want(t, http.StatusUnprocessableEntity)
			if got := refused.texts(test.field); len(got) != 1 || got[0] == "" {
				t.Errorf("%s: errors %q", name, got)
			}
			if got := refused.Find("#field-url").AttrOr("value", ""); got != test.form.Get("url") {
				t.Errorf("%s: the form forgets the address: %q", name, got)
			}
		}
		if got := endpoints(t, db, m.ID); len(got) != 0 {
			t.Errorf("refused endpoints were made: %+v", got)
		}
	})
}

func TestEndpointActs(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		e, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
		owner, agent, admin := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleAdmin, "")
		path := "/endpoints/" + e.ID

		tested := owner.post(path+"/test", nil, htmx...).want(t, http.StatusOK)
		if !strings.Contains(tested.body, "Test event") || !strings.Contains(tested.body, "/deliveries/dlv_") {
			t.Errorf("a test is told as %s", tested.body)
		}
		if shown := owner.get(path + "?test=" + deliveryID.FindString(tested.body)).texts("[data-testid=endpoint-test]"); len(shown) != 1 || !strings.Contains(shown[0], "on its way") {
			t.Errorf("the page says of the test %q", shown)
		}
		attempted(t, db, e.ID, models.DeliveryDelivered, models.DeliveryAttempt{Status: 204})
		if shown := owner.get(path + "?test=" + deliveryID.FindString(tested.body)).texts("[data-testid=endpoint-test]"); len(shown) != 1 || !strings.Contains(shown[0], "arrived: HTTP 204") {
			t.Errorf("the page says of the test %q", shown)
		}
		paused := owner.post(path+"/pause", nil, htmx...).want(t, http.StatusOK)
		if !strings.Contains(paused.Find("#endpoint-detail .page-head").Text(), "Paused") {
			t.Errorf("a paused endpoint shows %s", paused.body)
		}
		modelstest.Order(t, db, m.ID, 900)
		if text := owner.get(path).Find("#endpoint-detail .alert").Text(); !strings.Contains(text, "1 delivery waits") {
			t.Errorf("a paused endpoint says %q", text)
		}
		owner.post(path+"/resume", nil, htmx...).want(t, http.StatusOK)
		owner.get(path+"/disable").want(t, http.StatusOK)
		owner.post(path+"/disable", nil).want(t, http.StatusSeeOther)
		if refused := owner.post(path+"/test", nil, htmx...).want(t, http.StatusConflict); !strings.Contains(refused.body, "Enable it first") {
			t.Errorf("a test of a disabled endpoint is told as %s", refused.body)
		}
		off := owner.get(path)
		uitest.Check(t, off.Document)
		if link := off.Find(`#endpoint-detail .alert a[href^="/replays/new?"]`).AttrOr("href", ""); !strings.Contains(link, "kind=missed") || !strings.Contains(link, e.ID) {
			t.Errorf("what was missed is found at %q", link)
		}
		admin.post(path+"/enable", nil).want(t, http.StatusSeeOther)
		change := url.Values{
			"url": {"https://new.example/hooks"}, "event": {"order.created"}, "max_in_flight": {"2"}, "rate_per_second": {"5"},
			"header_name": {"X-Shop"}, "header_value": {"canary"},
		}
		edit := admin.post(path, change).want(t, http.StatusSeeOther)
		kept := admin.get(path+"/edit").want(t, http.StatusOK)
		if kept.Find("[name=header_name]").First().AttrOr("value", "") != "X-Shop" || strings.Contains(kept.body, "canary") {
			t.Errorf("the form shows %s", kept.Find("fieldset").Text())
		}
		change.Set("header_value", "")
		admin.post(path, change).want(t, http.StatusSeeOther)
		if text := owner.get(path).texts("[data-testid=endpoint-limits]"); len(text) != 1 || text[0] != "5 a second · 2 at the same time" {
			t.Errorf("limits %q", text)
		}
		if edit.header.Get("Location") != path {
			t.Errorf("an edit leads to %q", edit.header.Get("Location"))
		}
		if got := endpoints(t, db, m.ID)[0]; got.URL != "https://new.example/hooks" || got.DisabledAt != nil || !cmp.Equal(got.Events, []string{"order.created"}) ||
			!cmp.Equal(got.HeaderNames, []string{"X-Shop"}) {
			t.Errorf("the endpoint is %+v", got)
		}
		seen := agent.get(path).want(t, http.StatusOK)
		if n := seen.Find("main form[method=post]").Length(); n != 0 {
			t.Errorf("support has %d forms to change an endpoint", n)
		}
		list := agent.get("/endpoints?merchant="+m.Ref).want(t, http.StatusOK)
		uitest.Check(t, list.Document)
		if row := list.Find("tr[data-row]").Text(); !strings.Contains(row, "new.example/hooks") || !strings.Contains(row, "Pending") {
			t.Errorf("the row says %q", row)
		}
		for _, way := range []string{"pause", "resume", "disable", "enable", "test"} {
			agent.post(path+"/"+way, nil, htmx...).want(t, http.StatusForbidden)
		}
		owner.get(path+"/delete").want(t, http.StatusOK)
		owner.post(path+"/delete", nil).want(t, http.StatusSeeOther)
		owner.get(path).want(t, http.StatusNotFound)
		d := owner.get("/deliveries?endpoint="+e.ID).Find("tr[data-row] .row-link").AttrOr("href", "")
		if page := owner.get(d).want(t, http.StatusOK); !strings.Contains(page.Text(), "The endpoint was deleted") {
			t.Error("a delivery does not say that its endpoint was deleted")
		}
		want := []string{
			"endpoint.delete", "endpoint.update", "endpoint.update", "endpoint.enable", "endpoint.disable", "endpoint.resume", "endpoint.pause", "endpoint.test",
		}
		if diff := cmp.Diff(want, actions(t, db, e.ID)); diff != "" {
			t.Errorf("audit log (-want +got):\n%s", diff)
		}
	})
}
