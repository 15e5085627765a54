package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAccountPageShowsItsBreaker(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		path := "/gateways/" + s.gateway.ID
		health := admin.get(path).want(t, http.StatusOK).Find("#account-health")
		for _, want := range []string{"Closed; 0 of 8", "0 of 16", "0 of 20"} {
			if !strings.Contains(health.Text(), want) {
				t.Errorf("the page does not say %q: %s", want, health.Text())
			}
		}
		if err := db.TripGateway(t.Context(), s.gateway.ID, db.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		open := admin.get(path).want(t, http.StatusOK).Find("#account-health")
		if !strings.Contains(open.Text(), "Open: nothing is sent until") || !strings.Contains(open.Text(), "Calls stopped") {
			t.Errorf("the page says %s", open.Text())
		}
		if text := admin.get("/gateways").Find("#" + s.gateway.ID).Text(); !strings.Contains(text, "Calls stopped") {
			t.Errorf("the list says %s", text)
		}
		s.signIn(t, models.RoleSupport, "").post(path+"/reset", nil).want(t, http.StatusForbidden)
		done := admin.post(path+"/reset", nil, htmx...).want(t, http.StatusOK)
		if !strings.Contains(done.body, "Calls go through again") || !strings.Contains(done.body, "Closed; 0 of 8") {
			t.Errorf("answer = %s", done.body)
		}
		account, err := db.GatewayAccount(t.Context(), models.AllMerchants(), s.gateway.ID)
		if err != nil || account.BreakerOpenUntil != nil || account.BreakerResetAt == nil {
			t.Errorf("account = %+v, %v", account, err)
		}
		if acts := s.acts(t, s.gateway.ID); len(acts) != 1 || acts[0].Action != "account.reset" {
			t.Errorf("audit log = %+v", acts)
		}
	})
}

func TestRequestLimitOfAnAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		path := "/gateways/" + s.gateway.ID + "/limit"
		for _, bad := range []string{"", "0", "1001", "ten"} {
			refused := admin.post(path, url.Values{"rate_limit": {bad}}, htmx...).want(t, http.StatusUnprocessableEntity)
			if refused.Find("#field-rate_limit-error").Text() == "" || refused.header.Get(hxReswap) != "none" {
				t.Errorf("%q: answer = %s", bad, refused.body)
			}
		}
		admin.post(path, url.Values{"rate_limit": {"50"}}, htmx...).want(t, http.StatusOK)
		account, err := db.GatewayAccount(t.Context(), models.AllMerchants(), s.gateway.ID)
		if err != nil || account.RateLimit != 50 {
			t.Errorf("limit = %d, %v", account.RateLimit, err)
		}
		if acts := s.acts(t, s.gateway.ID); len(acts) != 1 || acts[0].Detail["from"] != "20" || acts[0].Detail["to"] != "50" {
			t.Errorf("audit log = %+v", acts)
		}
	})
}
