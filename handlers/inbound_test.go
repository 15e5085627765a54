package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestInboundList(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		applied := heard(t, db, s.gateway, `{"a":1}`)
		foreign := modelstest.Gateway(t, db, modelstest.Merchant(t, db).ID)
		other := heard(t, db, foreign, `{"b":2}`)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.MarkInbound(applied, models.InboundFate{Status: models.InboundApplied, PaymentID: &p.ID})
		})
		for _, tt := range []struct {
			query string
			want  []string
		}{
			{"", []string{other.ID, applied.ID}},
			{"status=applied", []string{applied.ID}},
			{"status=nonsense", []string{other.ID, applied.ID}},
			{"merchant=" + s.merchant.Ref, []string{applied.ID}},
			{"account=" + foreign.ID, []string{other.ID}},
			{"status=error", nil},
		} {
			page := support.get("/inbound?"+tt.query).want(t, http.StatusOK)
			var got []string
			page.Find("tr[data-row]").Each(func(_ int, row *goquery.Selection) { got = append(got, row.AttrOr("id", "")) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("?%s: %s", tt.query, diff)
			}
		}
		if text := support.get("/inbound/"+applied.ID+"/row").want(t, http.StatusOK).Text(); !strings.Contains(text, "Applied") {
			t.Errorf("row = %s", text)
		}
		if count := support.get("/inbound/count?last="+applied.ID+"&seen=").want(t, http.StatusOK); !strings.Contains(count.Text(), "2 new") {
			t.Errorf("pill = %s", count.Text())
		}
		if text := support.get("/payments/" + p.ID).Find("#payment-inbound").Text(); !strings.Contains(text, applied.Type) {
			t.Errorf("the payment's page says %q", text)
		}
	})
}

func TestInboundPageIsMasked(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	e := heard(t, db, s.gateway, `{"id":"evt_1","number":"4242424242424242","note":"card 4111 1111 1111 1111","client_secret":"pi_secret_1","key":"sk_live_abcdefghijklmnop"}`)
	page := s.signIn(t, models.RoleSupport, "").get("/inbound/"+e.ID).want(t, http.StatusOK)
	for _, secret := range []string{"4242424242424242", "4111 1111 1111 1111", "pi_secret_1", "sk_live_abcdefghijklmnop"} {
		if strings.Contains(page.body, secret) {
			t.Errorf("the page shows %q", secret)
		}
	}
	if !strings.Contains(page.Find("#inbound-body").Text(), "evt_1") {
		t.Error("the page does not show what came")
	}
}

func TestReplayInbound(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		e := heard(t, db, s.gateway, `{}`)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.MarkInbound(e, models.InboundFate{Status: models.InboundError, Detail: "read it: carrier: malformed: the answer is empty"})
		})
		if list := support.get("/inbound").Find("#inbound-table").Text(); !strings.Contains(list, "Carrier answer not readable") || strings.Contains(list, "carrier: malformed") {
			t.Errorf("the list says %q", list)
		}
		page := support.get("/inbound/"+e.ID).want(t, http.StatusOK)
		if !strings.Contains(page.Text(), "the answer is empty") || page.Find(`form[action="/inbound/`+e.ID+`/replay"]`).Length() != 1 {
			t.Error("the page does not say what is wrong, or how to mend it")
		}
		support.post("/inbound/"+e.ID+"/replay", nil).want(t, http.StatusSeeOther)
		if a := support.post("/inbound/"+e.ID+"/replay", nil, htmx...).want(t, http.StatusOK); !strings.Contains(a.body, "applied once more") {
			t.Errorf("answer = %s", a.body)
		}
		if acts := s.acts(t, e.ID); len(acts) != 2 || acts[0].ActorName != support.user.Email {
			t.Errorf("audit log = %+v", acts)
		}
	})
}
