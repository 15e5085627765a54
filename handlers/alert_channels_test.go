package handlers

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A channel is made, tried, changed and removed; its secrets go in and never
// come out.
func TestChannelPages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		var taken atomic.Int64
		var refuse atomic.Bool
		chat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(body), "This channel works") {
				t.Errorf("the chat got %s, %v", body, err)
			}
			if refuse.Load() {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, "no_service s3cr3t-slack-token")
				return
			}
			taken.Add(1)
		}))
		t.Cleanup(chat.Close)
		admin := s.signIn(t, models.RoleAdmin, "")
		secretURL := chat.URL + "/services/s3cr3t-slack-token"
		form := url.Values{
			"_key": {newFormKey()}, "kind": {"slack"}, "name": {"Ops"}, "field_url": {secretURL}, "enabled": {"on"}, "language": {"en"}, "kinds": kindsFor(&viewer{}),
		}
		admin.get("/alerts/channels/new?kind=nonsense").want(t, http.StatusSeeOther)
		admin.get("/alerts/channels/new?kind=slack").want(t, http.StatusOK)
		for field, value := range map[string]string{"name": "", "field_url": "nonsense", "timezone": "Mars/Base", "quiet_from": "25:00"} {
			bad := url.Values{}
			maps.Copy(bad, form)
			bad.Set(field, value)
			if a := admin.post("/alerts/channels", bad); a.status != http.StatusUnprocessableEntity || len(a.texts(".field-error, .alert-error")) == 0 {
				t.Errorf("%s=%s answers %d", field, value, a.status)
			}
		}
		made := admin.post("/alerts/channels", form).want(t, http.StatusSeeOther).header.Get("Location")
		test := func() answer {
			t.Helper()
			if _, err := db.SQL().ExecContext(t.Context(), "UPDATE alert_channels SET tested_at = NULL"); err != nil {
				t.Fatal(err)
			}
			return admin.post(made+"/test", nil, htmx...).want(t, http.StatusOK)
		}
		if a := test(); taken.Load() != 1 || !strings.Contains(a.body, "The message was taken") {
			t.Errorf("tested: %d, %.200s", taken.Load(), a.body)
		}
		refuse.Store(true)
		if a := test(); !strings.Contains(a.body, "The platform does not know this address") || strings.Contains(a.body, "s3cr3t") {
			t.Errorf("a failed test says %.500s", a.body)
		}
		form.Set("field_url", "")
		form.Set("name", "Night shift")
		form.Set("quiet_from", "22:00")
		form.Set("quiet_to", "07:00")
		admin.post(made, form).want(t, http.StatusSeeOther)
		refuse.Store(false)
		if a := admin.post(made+"/test", nil, htmx...); a.status != http.StatusConflict || !strings.Contains(a.body, "Wait twenty seconds") {
			t.Errorf("pressed twice: %d, %q", a.status, a.body)
		}
		test()
		if taken.Load() != 2 {
			t.Error("a change without the address has lost it")
		}
		for _, page := range []string{"/alerts/channels", made, made + "/delete", "/audit"} {
			if a := admin.get(page).want(t, http.StatusOK); strings.Contains(a.body, "s3cr3t") || strings.Contains(a.body, "/services/") {
				t.Errorf("%s shows the secret", page)
			}
		}
		if support := s.signIn(t, models.RoleSupport, ""); support.get("/alerts/channels").status != http.StatusForbidden {
			t.Error("support may look at channels")
		}
		admin.post(made+"/delete", nil).want(t, http.StatusSeeOther)
		admin.get(made).want(t, http.StatusNotFound)
	})
}

// Who holds an address agrees on a page without an account, by the link alone,
// and a merchant cannot ask as often as it likes.
func TestAddressIsConfirmedOnItsPage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		merchant := s.signIn(t, models.RoleMerchant, m.ID)
		form := url.Values{"_key": {newFormKey()}, "kind": {"mail"}, "name": {"Boss"}, "field_address": {"boss@example.com"}, "enabled": {"on"}, "language": {"en"}, "kinds": kindsFor(&viewer{Merchant: m})}
		page := merchant.post("/alerts/channels", form).want(t, http.StatusSeeOther).header.Get("Location")
		id := strings.TrimPrefix(page, "/alerts/channels/")
		if a := merchant.get(page).want(t, http.StatusOK); len(a.texts(`[data-testid="unconfirmed"]`)) != 1 || !strings.Contains(a.Find(`[data-testid="test-result"]`).Text(), "The link was not sent") ||
			!strings.Contains(a.Find(".page-head").Text(), "Not confirmed") || strings.Contains(a.body, "TILLPOST_") {
			t.Errorf("an address that nobody has confirmed: %.300s", a.body)
		}
		if a := merchant.post(page+"/test", nil, htmx...); a.status != http.StatusConflict || !strings.Contains(a.body, "link was sent only just now") {
			t.Errorf("asked twice in a second: %d, %.300s", a.status, a.body)
		}
		token, err := s.vault.SealAgreement(id, "boss@example.com", db.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		confirmed := func() bool {
			t.Helper()
			c, err := db.AlertChannel(t.Context(), models.MerchantScope(m.ID), id)
			if err != nil {
				t.Fatal(err)
			}
			return !c.Unconfirmed()
		}
		holder := s.visitor(t)
		link := "/alerts/confirm/" + id + "/" + token
		if a := holder.get(link).want(t, http.StatusOK); confirmed() || !strings.Contains(a.body, "boss@example.com") || !strings.Contains(a.body, m.Name) {
			t.Errorf("looking at the link: confirmed %v, %.300s", confirmed(), a.body)
		}
		for _, invalid := range []answer{holder.get("/alerts/confirm/" + id + "/nonsense"), holder.post("/alerts/confirm/"+id+"/nonsense", nil)} {
			if said := invalid.want(t, http.StatusNotFound).texts(`[data-testid="link-invalid"]`); len(said) != 1 || invalid.Find(`[data-testid="error"]`).Length() != 0 {
				t.Errorf("an altered link is answered with %q: %.300s", said, invalid.body)
			}
		}
		if a := holder.post(link, nil).want(t, http.StatusOK); !confirmed() || len(a.texts(`[data-testid="agreed"]`)) != 1 {
			t.Errorf("agreed: %v, %.300s", confirmed(), a.body)
		}
		if a := merchant.get(page).want(t, http.StatusOK); len(a.texts(`[data-testid="unconfirmed"]`)) != 0 {
			t.Error("confirmed, and still told otherwise")
		}
		test := func() answer {
			t.Helper()
			if _, err := db.SQL().ExecContext(t.Context(), "UPDATE alert_channels SET tested_at = NULL"); err != nil {
				t.Fatal(err)
			}
			return merchant.post(page+"/test", nil, htmx...)
		}
		for range 9 {
			test().want(t, http.StatusOK)
		}
		if a := test(); a.status != http.StatusConflict || !strings.Contains(a.body, "Ten test messages") {
			t.Errorf("the eleventh test of an hour: %d, %q", a.status, a.body)
		}
	})
}

// A webhook without a secret gets one, shown once; a merchant's channels are its
// own, and of the kinds that concern it.
func TestChannelsOfMerchants(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		merchant, stranger := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleMerchant, other.ID)
		form := url.Values{
			"_key": {newFormKey()}, "kind": {"webhook"}, "name": {"Hook"}, "field_url": {"https://ops.shop.example/hook"}, "enabled": {"on"}, "kinds": {"endpoint_disabled", "workers_stopped"},
		}
		a := merchant.post("/alerts/channels", form).want(t, http.StatusOK)
		shown := a.texts(`[data-testid="channel-secret"]`)
		if len(shown) != 1 || !strings.HasPrefix(shown[0], "whsec_") {
			t.Fatalf("the secret: %q", shown)
		}
		channels, err := db.AlertChannels(t.Context(), models.MerchantScope(m.ID))
		if err != nil || len(channels) != 1 || len(channels[0].Kinds) != 1 || *channels[0].MerchantID != m.ID {
			t.Fatalf("stored %+v, %v", channels, err)
		}
		page := "/alerts/channels/" + channels[0].ID
		if b := merchant.get(page).want(t, http.StatusOK); strings.Contains(b.body, strings.TrimPrefix(shown[0], "whsec_")) {
			t.Error("the secret is shown again")
		}
		if stranger.get(page).status != http.StatusNotFound || len(stranger.get("/alerts/channels").texts("tr[data-row]")) != 0 {
			t.Error("another merchant sees it")
		}
		if b := merchant.post("/alerts/channels", form).want(t, http.StatusOK); !strings.Contains(b.body, "sent twice") || strings.Contains(b.body, "whsec_") {
			t.Errorf("the second of two clicks is answered with %.300s", b.body)
		}
		form.Set("_key", newFormKey())
		form.Set("field_url", "http://10.0.0.1/hook")
		if b := merchant.post("/alerts/channels", form); b.status != http.StatusUnprocessableEntity || !strings.Contains(b.body, "private network") ||
			strings.Contains(b.body, "TILLPOST_") {
			t.Errorf("a private address answers %d", b.status)
		}
	})
}

// A double click makes one channel, whoever it belongs to.
func TestChannelIsMadeOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		for _, b := range []*browser{s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleMerchant, m.ID)} {
			form := url.Values{
				"_key": {newFormKey()}, "kind": {"mail"}, "name": {"Ops"}, "field_address": {"ops@example.com"}, "enabled": {"on"},
				"kinds": {"endpoint_disabled"},
			}
			first := b.post("/alerts/channels", form).want(t, http.StatusSeeOther).header.Get("Location")
			if again := b.post("/alerts/channels", form).want(t, http.StatusSeeOther).header.Get("Location"); again != first {
				t.Errorf("one form leads to %s and %s", first, again)
			}
			form.Set("name", "Others")
			if other := b.post("/alerts/channels", form).want(t, http.StatusUnprocessableEntity); !strings.Contains(other.body, "sent before") {
				t.Errorf("another content is told as %.300s", other.body)
			}
			form.Del("_key")
			b.post("/alerts/channels", form).want(t, http.StatusUnprocessableEntity)
		}
		all, err := db.AlertChannels(t.Context(), models.AllMerchants())
		if err != nil || len(all) != 2 {
			t.Errorf("%d channels, %v", len(all), err)
		}
	})
}

// Only those who run Tillpost read by which setting mails are sent.
func TestMerchantsReadNoSettings(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		endpoint, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
		incident := wrong(t, db, alerts.EndpointDisabled, endpoint.ID, &m.ID)
		admin, merchant := s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleMerchant, m.ID)
		for _, page := range []string{"/preferences", "/alerts/channels", "/incidents/" + incident.ID} {
			if body := admin.get(page).want(t, http.StatusOK).body; !strings.Contains(body, "TILLPOST_SMTP_URL") {
				t.Errorf("%s does not say which setting is missing", page)
			}
			if body := merchant.get(page).want(t, http.StatusOK).body; strings.Contains(body, "TILLPOST_") || !strings.Contains(body, "Ask whoever runs") {
				t.Errorf("%s tells a merchant of settings, or does not say what to do", page)
			}
		}
	})
}
