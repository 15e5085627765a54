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
	"github.com/tillpost/tillpost/notify"
)

func TestEndpointFormKeepsWhatIsSubscribed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		e, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
		subscribe := func(events ...string) {
			t.Helper()
			err := db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := s.notify.UpdateEndpoint(tx, models.AllMerchants(), e.ID, notify.EndpointChange{EndpointChange: models.EndpointChange{Events: &events}})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		owner, path := s.signIn(t, models.RoleMerchant, m.ID), "/endpoints/"+e.ID
		// ticked is the form as a browser sends it when nothing is touched.
		ticked := func() url.Values {
			t.Helper()
			edit := owner.get(path+"/edit").want(t, http.StatusOK)
			form := url.Values{"url": {"https://shop.example/hooks"}, "max_in_flight": {"8"}}
			for _, name := range []string{"event", "all_events"} {
				for _, box := range edit.Find("[name=" + name + "][checked]").EachIter() {
					form.Add(name, box.AttrOr("value", "on"))
				}
			}
			return form
		}
		for _, events := range [][]string{{}, {models.EventPing}, {models.EventOrderCreated, models.EventPing}} {
			subscribe(events...)
			owner.post(path, ticked()).want(t, http.StatusSeeOther)
			if got := endpoints(t, db, m.ID)[0].Events; !cmp.Equal(got, events) {
				t.Errorf("an untouched form makes %q of %q", got, events)
			}
		}
		none, both := ticked(), ticked()
		none.Del("event")
		both.Set("all_events", "on")
		for said, form := range map[string]url.Values{"Tick what": none, "Tick either": both} {
			refused := owner.post(path, form).want(t, http.StatusUnprocessableEntity)
			if text := refused.Find("[role=group] .field-error").Text(); !strings.Contains(text, said) {
				t.Errorf("%q is refused with %q", form, text)
			}
		}
		if got := endpoints(t, db, m.ID)[0].Events; len(got) != 2 {
			t.Errorf("refused forms left %q", got)
		}
	})
}

func TestEndpointFormTellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		form := url.Values{
			"_key": {newFormKey()}, "url": {"ftp://shop.example"}, "rate_per_second": {"abc"}, "max_in_flight": {"65"},
			"header_name": {"X-Shop"}, "header_value": {"canary"},
		}
		refused := s.signIn(t, models.RoleMerchant, m.ID).post("/endpoints", form).want(t, http.StatusUnprocessableEntity)
		for at, said := range map[string]string{
			"#field-url-error": "https://", "#field-rate_per_second-error": "whole number", "#field-max_in_flight-error": "1–64",
			"[role=group] .field-error": "Tick what", "#headers-error": "again",
		} {
			if text := refused.Find(at).Text(); !strings.Contains(text, said) {
				t.Errorf("%s says %q", at, text)
			}
		}
		if strings.Contains(refused.body, "canary") {
			t.Error("the form shows a header's value")
		}
	})
}

func TestDisabledEndpointSaysWhatBecomesOfDeliveries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		e, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
		owner, path := s.signIn(t, models.RoleMerchant, m.ID), "/endpoints/"+e.ID
		if text := owner.get(path + "/disable").Text(); !strings.Contains(text, "canceled when its turn comes") {
			t.Errorf("the question says %q", text)
		}
		owner.post(path+"/disable", nil).want(t, http.StatusSeeOther)
		modelstest.Order(t, db, m.ID, 900)
		page := owner.get(path)
		if text := page.Find("#endpoint-detail .alert").Text(); !strings.Contains(text, "canceled when its turn comes") || strings.Contains(text, "mend the server") {
			t.Errorf("the page says %q", text)
		}
		d := page.Find("#endpoint-deliveries .row-link").AttrOr("href", "")
		if text := owner.get(d).Find("#delivery-attempts").Text(); !strings.Contains(text, "the endpoint was disabled") || strings.Contains(text, "Not tried") {
			t.Errorf("the canceled delivery says %q", text)
		}
	})
}

func TestFailingEndpointSaysSinceWhen(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		e, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
		modelstest.Order(t, db, m.ID, 900)
		attempted(t, db, e.ID, models.DeliveryRetrying, models.DeliveryAttempt{Status: 500})
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		for _, text := range []string{
			owner.get("/endpoints").Find("tr[data-row] .text-error").Text(), owner.get("/endpoints/" + e.ID).Find("#endpoint-detail .alert").Text(),
		} {
			if !regexp.MustCompile(`since \S*\d`).MatchString(strings.Join(strings.Fields(text), " ")) || strings.Contains(text, "ago") {
				t.Errorf("it says %q", text)
			}
		}
	})
}
