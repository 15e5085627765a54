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
			"event": {"payment.paid", "shipment.late"},
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
		if len(all) != 1 || !cmp.Equal(all[0].Events, []string{"payment.paid", "shipment.late"}) {
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
		for _, path := range []string{"/endpoints", "/endpoints/" + id, "/endpoints/" + id + "/edit", "/deliveries"} {
			if body := owner.get(path).want(t, http.StatusOK).body; strings.Contains(body, secret) || strings.Contains(body, rotated) {
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
			"no merchant":       {admin, url.Values{"url": {"https://shop.example"}}, "#field-merchant-error"},
		}
		for name, test := range tests {
			test.form.Set("_key", newFormKey())
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
		paused := owner.post(path+"/pause", nil, htmx...).want(t, http.StatusOK)
		if !strings.Contains(paused.Find("#endpoint-detail .page-head").Text(), "Paused") {
			t.Errorf("a paused endpoint shows %s", paused.body)
		}
		if refused := owner.post(path+"/test", nil, htmx...).want(t, http.StatusConflict); !strings.Contains(refused.body, "Enable it first") {
			t.Errorf("a test of a paused endpoint is told as %s", refused.body)
		}
		admin.post(path+"/enable", nil).want(t, http.StatusSeeOther)
		edit := admin.post(path, url.Values{"url": {"https://new.example/hooks"}, "event": {"order.created"}}).want(t, http.StatusSeeOther)
		if edit.header.Get("Location") != path {
			t.Errorf("an edit leads to %q", edit.header.Get("Location"))
		}
		if got := endpoints(t, db, m.ID)[0]; got.URL != "https://new.example/hooks" || got.DisabledAt != nil || !cmp.Equal(got.Events, []string{"order.created"}) {
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
		agent.post(path+"/pause", nil, htmx...).want(t, http.StatusForbidden)
		owner.get(path+"/delete").want(t, http.StatusOK)
		owner.post(path+"/delete", nil).want(t, http.StatusSeeOther)
		owner.get(path).want(t, http.StatusNotFound)
		d := owner.get("/deliveries?endpoint="+e.ID).Find("tr[data-row] .row-link").AttrOr("href", "")
		if page := owner.get(d).want(t, http.StatusOK); !strings.Contains(page.Text(), "The endpoint was deleted") {
			t.Error("a delivery does not say that its endpoint was deleted")
		}
		want := []string{"endpoint.delete", "endpoint.update", "endpoint.enable", "endpoint.pause", "endpoint.test"}
		if diff := cmp.Diff(want, actions(t, db, e.ID)); diff != "" {
			t.Errorf("audit log (-want +got):\n%s", diff)
		}
	})
}
