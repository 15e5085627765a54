package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

func TestEndpointHealthIsShown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		e, _ := s.endpoint(t, m.ID, "https://shop.example/hooks")
		path := "/endpoints/" + e.ID
		owner, agent, stranger := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, other.ID)
		const day, week, answers = "[data-testid=health-day]", "[data-testid=health-week]", "[data-testid=health-answers] a"
		shown := func(page answer, part string) string { return strings.Join(page.texts(part), " | ") }

		if got := shown(owner.get(path), day); got != "Nothing was sent" {
			t.Errorf("health of an endpoint that got nothing is %q", got)
		}
		attempt := func(status string, a models.DeliveryAttempt) string {
			modelstest.Order(t, db, m.ID, 900)
			return attempted(t, db, e.ID, status, a).ID
		}
		arrived := attempt(models.DeliveryDelivered, models.DeliveryAttempt{Status: 204, LatencyMS: 40})
		if got := shown(owner.get(path), day); !strings.HasPrefix(got, "100.0% of 1 try arrived; it took") {
			t.Errorf("health after one delivery is %q", got)
		}
		refused := attempt(models.DeliveryRetrying, models.DeliveryAttempt{Status: 503, LatencyMS: 40})
		silent := attempt(models.DeliveryRetrying, models.DeliveryAttempt{Error: "the connection broke", LatencyMS: 40})
		for name, who := range map[string]*browser{"the merchant": owner, "support": agent} {
			page := who.get(path).want(t, http.StatusOK)
			uitest.Check(t, page.Document)
			for _, part := range []string{day, week} {
				if got := shown(page, part); !strings.HasPrefix(got, "33.3% of 3 tries arrived; 95% took at most") {
					t.Errorf("%s reads in %s %q", name, part, got)
				}
			}
			links := page.Find(answers).Map(func(_ int, link *goquery.Selection) string {
				return link.Find(".badge").Text() + " " + link.AttrOr("href", "")
			})
			want := []string{"No answer /deliveries/" + silent, "503 /deliveries/" + refused, "204 /deliveries/" + arrived}
			if diff := cmp.Diff(want, links); diff != "" {
				t.Errorf("last answers as %s sees them (-want +got):\n%s", name, diff)
			}
		}
		if row := owner.get("/endpoints").Find("tr[data-row]").Text(); !strings.Contains(row, "33.3%") {
			t.Errorf("the list says %q", row)
		}
		stranger.get(path).want(t, http.StatusNotFound)
		if rows := stranger.get("/endpoints").Find("tr[data-row]").Length(); rows != 0 {
			t.Errorf("another merchant sees %d endpoints", rows)
		}
	})
}
