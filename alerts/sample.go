package alerts

import (
	"strconv"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// Sample is a mail with made-up data.
type Sample struct {
	Name    string
	Title   string
	Message Message
}

// Samples are all mails about incidents in a language, for people to look at.
func Samples(l locales.Language, base string, now time.Time) []Sample {
	texts := locales.For(l)
	r := reader{texts: texts, zone: time.UTC, base: base, mails: true}
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	incident := func(kind, name string, opened time.Duration) models.Incident {
		rule, _ := RuleOf(kind) // they are named below
		return models.Incident{
			ID: "inc_0123456789abcdefghjkmnpqrs", Key: kind + ":1", Kind: kind, Severity: rule.Severity, ObjectID: "1", OpenedAt: ago(opened),
			Detail: map[string]string{
				detailName: name, detailCount: strconv.Itoa(12), detailShare: "64", detailUsual: "91", detailReason: "invalid_api_key",
				detailSince: ago(opened + time.Minute).Format(time.RFC3339),
			},
		}
	}
	refused, disabled := incident(GatewayRefused, "Stripe", 4*time.Hour), incident(EndpointDisabled, "shop.example", time.Hour)
	review, over := incident(PaymentsReview, "", 9*time.Hour), incident(CarrierFailing, "DHL", 3*time.Hour)
	ended := ago(time.Hour)
	over.ResolvedAt = &ended
	all := []Sample{
		{"incident-opened", models.AlertOpened, r.about("alm_1", models.AlertOpened, &refused, now)},
		{"incident-reminder", models.AlertReminder, r.about("alm_1", models.AlertReminder, &refused, now)},
		{"incident-resolved", models.AlertResolved, r.about("alm_1", models.AlertResolved, &over, now)},
		{"endpoint-disabled", "", r.about("alm_1", models.AlertOpened, &disabled, now)},
		{"incident-digest", models.AlertDigest, r.digest("alm_1", []held{
			{models.AlertOpened, review}, {models.AlertOpened, over}, {models.AlertResolved, over},
		}, now)},
		{"incident-test", "", r.test("alm_1", "Ops", now)},
		{"address-confirm", "", r.question("alm_1", "Shop", r.page(ConfirmPath), now)},
	}
	return all
}
