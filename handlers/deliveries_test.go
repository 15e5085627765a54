package handlers

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// endpoint adds an endpoint of all events, with its signing secret.
func (s *site) endpoint(t *testing.T, merchantID, url string) (*models.Endpoint, string) {
	t.Helper()
	var (
		e    *models.Endpoint
		text = notify.NewSecret()
	)
	id := models.NewID(models.PrefixEndpoint)
	sealed, err := s.vault.SealEndpoint(merchantID, id, text)
	if err != nil {
		t.Fatal(err)
	}
	modelstest.Write(t, s.db, func(tx *models.Tx) (err error) {
		e, err = tx.CreateEndpoint(models.Endpoint{ID: id, MerchantID: merchantID, URL: url, Secret: sealed})
		return err
	})
	return e, text
}

// attempted makes an attempt of the newest delivery to an endpoint.
func attempted(t *testing.T, db *models.DB, endpointID, status string, a models.DeliveryAttempt) *models.Delivery {
	t.Helper()
	found, _, err := db.Deliveries(t.Context(), models.AllMerchants(), models.DeliveryFilter{Endpoint: endpointID}, models.Page{Limit: 1})
	if err != nil || len(found) == 0 {
		t.Fatalf("no delivery to %s: %v", endpointID, err)
	}
	claimed := modelstest.ClaimDelivery(t, db, found[0].ID)
	if claimed == nil {
		t.Fatal("the delivery is not to be had")
	}
	a.StartedAt = db.Now()
	var next *time.Time
	if status == models.DeliveryRetrying {
		next = new(db.Now().Add(30 * time.Minute))
	}
	modelstest.FinishDelivery(t, db, claimed, a, status, next)
	d, err := db.Delivery(t.Context(), models.AllMerchants(), claimed.ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeliveryListFilters(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		one, _ := s.endpoint(t, m.ID, "https://one.example/hooks")
		order := modelstest.Order(t, db, m.ID, 900)
		event := attempted(t, db, one.ID, models.DeliveryRetrying, models.DeliveryAttempt{Status: 503, LatencyMS: 40})
		two, _ := s.endpoint(t, other.ID, "https://two.example/hooks")
		sh := parcel(t, db, models.Shipment{MerchantID: other.ID, TrackingNumber: "SBX-1"})
		agent, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)

		tests := map[string]struct {
			who  *browser
			path string
			want []string
		}{
			"staff see all":           {agent, "/deliveries", []string{"Parcel created", "Order created", "Order created"}},
			"one endpoint":            {agent, "/deliveries?endpoint=" + two.ID, []string{"Parcel created", "Order created"}},
			"one type":                {agent, "/deliveries?type=shipment.created", []string{"Parcel created"}},
			"one status":              {agent, "/deliveries?status=retrying", []string{"Order created"}},
			"a merchant":              {agent, "/deliveries?merchant=" + m.Ref, []string{"Order created"}},
			"merchants see their own": {owner, "/deliveries", []string{"Order created"}},
			"not those of others":     {owner, "/deliveries?endpoint=" + two.ID, nil},
			"by order":                {owner, "/deliveries?q=" + order.ID, []string{"Order created"}},
			"by order's number":       {agent, "/deliveries?q=" + order.Number, []string{"Order created"}},
			"by event":                {owner, "/deliveries?q=" + event.EventID, []string{"Order created"}},
			"by its own id":           {owner, "/deliveries?q=" + event.ID, []string{"Order created"}},
			"by parcel":               {agent, "/deliveries?q=" + sh.ID, []string{"Parcel created"}},
			"not others' parcel":      {owner, "/deliveries?q=" + sh.ID, nil},
			"by nothing":              {agent, "/deliveries?q=nothing", nil},
			"no day":                  {agent, "/deliveries?to=2001-01-01", nil},
		}
		for name, test := range tests {
			if diff := cmp.Diff(test.want, test.who.get(test.path).want(t, http.StatusOK).numbers()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		before := s.queries.Load()
		page := owner.get("/deliveries")
		if n := s.queries.Load() - before; n > 8 {
			t.Errorf("%d queries for a list", n)
		}
		uitest.Check(t, page.Document)
		if text := page.Find("tr[data-row]").Text(); !strings.Contains(text, "HTTP 503") || !strings.Contains(text, "one.example/hooks") {
			t.Errorf("the row says %q", text)
		}
	})
}

func TestDeliveryPage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		e, secret := s.endpoint(t, m.ID, "https://one.example/it's?a=1")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.UpdateEndpoint(models.AllMerchants(), e.ID, models.EndpointChange{
				Headers: &models.SealedHeaders{Names: []string{"Authorization"}, Sealed: e.Secret},
			})
			return err
		})
		modelstest.Order(t, db, m.ID, 900)
		attempted(t, db, e.ID, models.DeliveryExhausted, models.DeliveryAttempt{Status: 500, LatencyMS: 1400, Error: "answered 500", Answer: "<b>boom</b>",
			RequestHeaders: models.SentHeaders{"Webhook-Id": "evt_1", "Webhook-Signature": "v1,sent=", "Authorization": "***"}})
		d := attemptedAgain(t, db, e.ID)
		owner, stranger := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleMerchant, other.ID)
		stranger.get("/deliveries/"+d.ID).want(t, http.StatusNotFound)
		stranger.get("/deliveries/"+d.ID+"/row", htmx...).want(t, http.StatusNotFound)
		stranger.post("/deliveries/"+d.ID+"/replay", nil, htmx...).want(t, http.StatusNotFound)

		page := owner.get("/deliveries/"+d.ID).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		rows := page.texts("[data-testid=attempt]")
		if len(rows) != 2 || !strings.HasPrefix(rows[0], "Try 2") || !strings.Contains(rows[0], "No answer") || !strings.Contains(rows[0], "The connection broke.") ||
			!strings.Contains(rows[0], "Replayed") || !strings.Contains(rows[1], "By schedule") || !strings.Contains(rows[1], "The server failed") ||
			!strings.Contains(rows[1], "HTTP 500 Internal Server Error") || !strings.Contains(rows[1], "1.4 s") || !strings.Contains(rows[1], "<b>boom</b>") {
			t.Errorf("attempts are %q", rows)
		}
		if !regexp.MustCompile(`\d\d:\d\d:\d\d · 1\.4 s`).MatchString(strings.Join(strings.Fields(rows[1]), " ")) {
			t.Errorf("the time of an attempt lacks its seconds: %q", rows[1])
		}
		if row := owner.get("/deliveries").Find("tr[data-row] td").First(); !strings.Contains(row.Text(), "one.example") || row.Find("time").Length() != 1 {
			t.Errorf("on a phone a row says %q", row.Text())
		}
		if strings.Contains(page.body, "<b>boom") {
			t.Error("an endpoint's answer is markup of the page")
		}
		for _, text := range []string{"webhook-signature", "webhook-timestamp", "order.created", `"payment_state": "unpaid"`} {
			if !strings.Contains(page.Text(), text) {
				t.Errorf("the page lacks %q", text)
			}
		}
		sent := page.Find("#sent-curl [data-copy]").AttrOr("data-copy", "")
		for _, text := range []string{`curl --include --request POST 'https://one.example/it'\''s?a=1'`, "--header 'Webhook-Signature: v1,sent='", "--header 'Authorization: ***'", `--data-binary '{"type":"order.created"`} {
			if !strings.Contains(sent, text) {
				t.Errorf("the command lacks %q: %s", text, sent)
			}
		}
		command := page.Find("#delivery-signature [data-copy]").AttrOr("data-copy", "")
		if !strings.Contains(command, `url='https://one.example/it'\''s?a=1'`) || !strings.Contains(command, "curl ") ||
			!strings.Contains(command, "  --header 'Authorization: ***' \\\n") {
			t.Errorf("the command is %s", command)
		}
		if strings.Contains(page.body, secret) || strings.Contains(page.body, e.Secret) {
			t.Error("the page shows the endpoint's secret")
		}
	})
}

// attemptedAgain replays the newest delivery and lets it fail without an answer.
func attemptedAgain(t *testing.T, db *models.DB, endpointID string) *models.Delivery {
	t.Helper()
	found, _, err := db.Deliveries(t.Context(), models.AllMerchants(), models.DeliveryFilter{Endpoint: endpointID}, models.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	modelstest.Write(t, db, func(tx *models.Tx) error {
		_, err := tx.ReplayDelivery(models.AllMerchants(), found[0].ID)
		return err
	})
	return attempted(t, db, endpointID, models.DeliveryExhausted, models.DeliveryAttempt{Error: "the connection broke"})
}

func TestReplayDelivery(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		e, _ := s.endpoint(t, m.ID, "https://one.example/hooks")
		modelstest.Order(t, db, m.ID, 900)
		d := attempted(t, db, e.ID, models.DeliveryExhausted, models.DeliveryAttempt{Status: 500})
		for _, who := range []*browser{s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleSupport, "")} {
			sent := who.post("/deliveries/"+d.ID+"/replay", nil, htmx...).want(t, http.StatusOK)
			if !strings.Contains(sent.body, "Sending again") || !strings.Contains(sent.body, "Pending") {
				t.Errorf("the answer is %s", sent.body)
			}
			again := who.post("/deliveries/"+d.ID+"/replay", nil, htmx...).want(t, http.StatusConflict)
			if !strings.Contains(again.body, "being sent right now") {
				t.Errorf("a second replay is told as %s", again.body)
			}
			acts, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: d.ID}, models.Page{})
			if err != nil || len(acts) == 0 || acts[0].Action != "delivery.replay" || acts[0].ActorName != who.user.Email {
				t.Errorf("the audit log has %+v, %v", acts, err)
			}
			attempted(t, db, e.ID, models.DeliveryExhausted, models.DeliveryAttempt{Status: 500})
		}
		plain := s.signIn(t, models.RoleAdmin, "").post("/deliveries/"+d.ID+"/replay", nil).want(t, http.StatusSeeOther)
		if got := plain.header.Get("Location"); got != "/deliveries/"+d.ID {
			t.Errorf("without script it leads to %q", got)
		}
	})
}
