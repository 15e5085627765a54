package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// filledIn are the values that a form shows.
func (a answer) filledIn() url.Values {
	form := url.Values{}
	for _, name := range a.Find("main form[method=post] input[name], #dialog-body input[name], input[name]").EachIter() {
		if name.AttrOr("type", "") == "checkbox" {
			if _, on := name.Attr("checked"); !on {
				continue
			}
		}
		form.Set(name.AttrOr("name", ""), name.AttrOr("value", ""))
	}
	return form
}

func TestRulesForm(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		second := modelstest.Gateway(t, db, s.merchant.ID)
		path := "/merchants/" + s.merchant.ID + "/rules"
		form := admin.get(path, htmx...).want(t, http.StatusOK).filledIn()
		if form.Get("technical") != "5s, 30s, 2m, 10m, 30m" || form.Get("later") != "1d, 3d, 5d, 7d" || form.Get("support_refund_limit") != "1000.00" {
			t.Errorf("the form shows %v", form)
		}
		form.Set("technical", "10s,1m , 2h")
		form.Set("generic", "")
		form.Set("max_refusals", "5")
		form.Del("failover")
		form.Set("support_refund_limit", "99.50")
		form.Set("position_"+s.gateway.ID, "7")
		admin.post(path, form).want(t, http.StatusSeeOther)
		rules, err := s.pay.RulesOf(t.Context(), s.merchant.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := payments.Rules{
			Technical: []time.Duration{10 * time.Second, time.Minute, 2 * time.Hour},
			Declined: map[payments.Class][]time.Duration{
				payments.ClassLater: {24 * time.Hour, 72 * time.Hour, 120 * time.Hour, 168 * time.Hour}, payments.ClassGeneric: nil,
			},
			MaxRefusals: 5, SupportRefundLimit: 9950,
		}
		if diff := cmp.Diff(want, rules); diff != "" {
			t.Errorf("rules (-want +got):\n%s", diff)
		}
		moved, err := db.GatewayAccount(t.Context(), models.AllMerchants(), s.gateway.ID)
		if err != nil || moved.Position != 7 {
			t.Errorf("the account stands at %d, %v", moved.Position, err)
		}
		if acts := s.acts(t, s.merchant.ID); len(acts) != 1 || acts[0].Action != "payment_rules.update" || acts[0].ActorName != admin.user.Email {
			t.Errorf("audit log = %+v", acts)
		}
		changed := map[string]string{
			"technical": "[5s 30s 2m0s 10m0s 30m0s] → [10s 1m0s 2h0m0s]", "generic": "[24h0m0s 72h0m0s] → []", "max_refusals": "9 → 5",
			"failover": "true → false", "support_refund_limit": "100000 → 9950",
		}
		if diff := cmp.Diff(changed, s.acts(t, s.merchant.ID)[0].Detail); diff != "" {
			t.Errorf("the audit log tells of the change (-want +got):\n%s", diff)
		}
		if acts := s.acts(t, second.ID); len(acts) > 0 {
			t.Errorf("an account that stays is logged: %+v", acts)
		}
		page := admin.get("/merchants/"+s.merchant.ID).want(t, http.StatusOK).Find("#rules").Text()
		for _, text := range []string{"10s, 1m, 2h", "1d, 3d, 5d, 7d", "99.50"} {
			if !strings.Contains(page, text) {
				t.Errorf("the merchant's page does not say %q: %s", text, page)
			}
		}
		s.signIn(t, models.RoleSupport, "").post(path, form).want(t, http.StatusForbidden)
	})
}

// What somebody else has changed since the form was opened is not taken back.
func TestRulesChangedMeanwhileAreShown(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	first, second := s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleAdmin, "")
	path := "/merchants/" + s.merchant.ID + "/rules"
	early := second.get(path, htmx...).filledIn()
	form := first.get(path, htmx...).filledIn()
	form.Set("support_refund_limit", "10.00")
	first.post(path, form).want(t, http.StatusSeeOther)
	early.Set("max_refusals", "3")
	shown := second.post(path, early, htmx...).want(t, http.StatusConflict)
	anew := shown.filledIn()
	if !strings.Contains(shown.Text(), "changed in the meantime") || anew.Get("support_refund_limit") != "10.00" || anew.Get("max_refusals") != "9" {
		t.Errorf("the second one is shown %v: %s", anew, shown.texts(".alert"))
	}
	anew.Set("max_refusals", "3")
	second.post(path, anew).want(t, http.StatusSeeOther)
	if rules, err := s.pay.RulesOf(t.Context(), s.merchant.ID); err != nil || rules.SupportRefundLimit != 1000 || rules.MaxRefusals != 3 {
		t.Errorf("rules = %+v, %v", rules, err)
	}
}

func TestRulesAreRefusedByField(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	admin := s.signIn(t, models.RoleAdmin, "")
	path := "/merchants/" + s.merchant.ID + "/rules"
	for _, tt := range []struct{ field, value, says string }{
		{"technical", "soon", "Write waits such as"},
		{"technical", "1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s", "too many waits"},
		{"later", "30s", "too short"},
		{"later", "31d", "too long"},
		{"generic", "99999999999999999999d", "Write waits such as"},
		{"generic", "-1d", "Write waits such as"},
		{"max_refusals", "0", "out of range"},
		{"max_refusals", "16", "out of range"},
		{"max_refusals", "many", "whole number"},
		{"support_refund_limit", "1,000", ""},
		{"support_refund_limit", "-5", ""},
		{"position_" + s.gateway.ID, "-1", ""},
	} {
		form := admin.get(path, htmx...).want(t, http.StatusOK).filledIn()
		form.Set(tt.field, tt.value)
		refused := admin.post(path, form, htmx...).want(t, http.StatusUnprocessableEntity)
		if got := refused.Find("#field-" + tt.field + "-error").Text(); got == "" || !strings.Contains(got, tt.says) {
			t.Errorf("%s %q: the field says %q", tt.field, tt.value, got)
		}
		if got := refused.filledIn().Get(tt.field); got != tt.value {
			t.Errorf("%s: %q became %q", tt.field, tt.value, got)
		}
	}
	form := admin.get(path, htmx...).filledIn()
	form.Set("technical", "soon")
	form.Set("max_refusals", "many")
	if refused := admin.post(path, form, htmx...); refused.Find(".field-error").Length() != 2 {
		t.Errorf("%d fields say why", refused.Find(".field-error").Length())
	}
	if rules, err := s.pay.RulesOf(t.Context(), s.merchant.ID); err != nil || !cmp.Equal(rules, payments.DefaultRules()) {
		t.Errorf("rules = %+v, %v", rules, err)
	}
}
