package alerts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

func at(d time.Duration) *time.Time {
	t := start.Add(d)
	return &t
}

func gateway(change func(a *models.GatewayAccount)) []models.GatewayAccount {
	a := models.GatewayAccount{Account: models.Account{ID: "gwa_1", MerchantID: "mer_1", Name: "Stripe", Enabled: true, UpdatedAt: start.Add(-time.Hour)}}
	if change != nil {
		change(&a)
	}
	return []models.GatewayAccount{a}
}

func carrier(change func(a *models.CarrierAccount)) []models.CarrierAccount {
	a := models.CarrierAccount{Account: models.Account{ID: "cra_1", MerchantID: "mer_1", Name: "DHL", Enabled: true}}
	change(&a)
	return []models.CarrierAccount{a}
}

func queued(n int, age time.Duration) *models.Waiting {
	return &models.Waiting{Count: n, Oldest: start.Add(-age)}
}

func span(calls, failed, succeeded, declined int64) models.GatewaySpan {
	return models.GatewaySpan{"gwa_1": {Calls: calls, Failed: failed, Succeeded: succeeded, Declined: declined}}
}

// Each rule, just before and just behind its limits.
func TestRules(t *testing.T) {
	t.Parallel()
	quota := func(*models.CarrierAccount) int { return 1000 }
	calls := func(n int) []models.CarrierAccount {
		return carrier(func(a *models.CarrierAccount) { a.BudgetDay, a.CallsToday = start.Format(time.DateOnly), n })
	}
	endpoint := func(e models.Endpoint) []models.Endpoint {
		e.ID, e.MerchantID, e.URL = "whe_1", "mer_1", "https://shop.example/secret/hook"
		return []models.Endpoint{e}
	}
	jobs := func(n int64, oldest time.Duration) []models.WatchedJobs {
		return []models.WatchedJobs{{Queue: "money", State: "available", Count: n, Oldest: oldest}}
	}
	arrived := map[string]bool{"whe_1": true}
	machine := func(m Machine) Figures { return Figures{Machine: &m} }
	nodes := func(nodes ...models.Node) Figures { return Figures{Nodes: nodes} }
	dispute := func(in time.Duration) []models.UrgentDispute {
		return []models.UrgentDispute{{MerchantID: "mer_1", Count: 2, First: models.Dispute{PaymentID: "pay_1", RespondBy: at(in)}}}
	}
	tests := []struct {
		name, kind string
		figures    Figures
		want       string // the object, found, none, or unknown
	}{
		{"no unknown payment", PaymentsUnknown, Figures{Unknown: &models.Waiting{}}, "none"},
		{"unknown for 14 minutes", PaymentsUnknown, Figures{Unknown: queued(3, 14*time.Minute)}, "none"},
		{"unknown for 15 minutes", PaymentsUnknown, Figures{Unknown: queued(3, 15*time.Minute)}, "found"},
		{"unknown payments could not be read", PaymentsUnknown, Figures{}, "unknown"},
		{"to review for 3 hours", PaymentsReview, Figures{Reviews: queued(1, 3*time.Hour)}, "none"},
		{"to review for 4 hours", PaymentsReview, Figures{Reviews: queued(1, 4*time.Hour)}, "found"},
		{"the usual rate", SuccessRate, Figures{Gateways: gateway(nil), LastHour: span(0, 0, 90, 10), Week: span(0, 0, 9000, 1000)}, "none"},
		{"a little below it, of many", SuccessRate, Figures{Gateways: gateway(nil), LastHour: span(0, 0, 850, 150), Week: span(0, 0, 9000, 1000)}, "none"},
		{"far below it", SuccessRate, Figures{Gateways: gateway(nil), LastHour: span(0, 0, 70, 30), Week: span(0, 0, 9000, 1000)}, "gwa_1"},
		{"far below it by chance, of few", SuccessRate, Figures{Gateways: gateway(nil), LastHour: span(0, 0, 15, 5), Week: span(0, 0, 9000, 1000)}, "none"},
		{"nothing succeeds, of too few", SuccessRate, Figures{Gateways: gateway(nil), LastHour: span(0, 0, 0, 19), Week: span(0, 0, 9000, 1000)}, "none"},
		{"nothing to compare with", SuccessRate, Figures{Gateways: gateway(nil), LastHour: span(0, 0, 0, 50), Week: span(0, 0, 100, 99)}, "none"},
		{"credentials taken", GatewayRefused, Figures{Gateways: gateway(nil)}, "none"},
		{"refused", GatewayRefused, Figures{Gateways: gateway(func(a *models.GatewayAccount) { a.RefusedAt = at(-time.Minute) })}, "gwa_1"},
		{"refused and disabled", GatewayRefused, Figures{Gateways: gateway(func(a *models.GatewayAccount) { a.RefusedAt, a.Enabled = at(-time.Minute), false })}, "none"},
		{"refused again since it was edited and tested", GatewayRefused, Figures{Gateways: gateway(func(a *models.GatewayAccount) {
			a.RefusedAt, a.UpdatedAt, a.TestOK, a.TestedAt = at(-2*time.Minute), start, true, at(-time.Minute)
		})}, "gwa_1"},
		{"some errors", GatewayFailing, Figures{Gateways: gateway(nil), LastMinutes: span(100, 20, 0, 0)}, "none"},
		{"more than a fifth", GatewayFailing, Figures{Gateways: gateway(nil), LastMinutes: span(100, 21, 0, 0)}, "gwa_1"},
		{"all of few", GatewayFailing, Figures{Gateways: gateway(nil), LastMinutes: span(9, 9, 0, 0)}, "none"},
		{"the breaker is open", GatewayFailing, Figures{
			Gateways: gateway(func(a *models.GatewayAccount) { a.BreakerOpenUntil = at(time.Second) }), LastMinutes: models.GatewaySpan{},
		}, "gwa_1"},
		{"dispute in four days", DisputeDue, Figures{Disputes: dispute(4 * 24 * time.Hour)}, "none"},
		{"dispute in three days", DisputeDue, Figures{Disputes: dispute(3 * 24 * time.Hour)}, "mer_1"},
		{"carrier takes the key", CarrierRefused, Figures{Carriers: carrier(func(*models.CarrierAccount) {})}, "none"},
		{"carrier refuses the key", CarrierRefused, Figures{Carriers: carrier(func(a *models.CarrierAccount) { a.StoppedAt = at(-time.Minute) })}, "cra_1"},
		{"carrier fails", CarrierFailing, Figures{Carriers: carrier(func(a *models.CarrierAccount) { a.BrokenAt = at(-time.Minute) })}, "cra_1"},
		{"carrier answers nothing for some minutes", CarrierFailing, Figures{Carriers: carrier(func(a *models.CarrierAccount) { a.FailingAt, a.LastErrorAt = at(-6*time.Minute), at(-time.Minute) })}, "cra_1"},
		{"carrier has failed once", CarrierFailing, Figures{Carriers: carrier(func(a *models.CarrierAccount) { a.FailingAt, a.LastErrorAt = at(-6*time.Minute), at(-6*time.Minute) })}, "none"},
		{"carrier fails while it is paused", CarrierFailing, Figures{Carriers: carrier(func(a *models.CarrierAccount) {
			a.BrokenAt, a.PausedAt = at(-time.Minute), at(-time.Minute)
		})}, "none"},
		{"quota left", CarrierQuota, Figures{Carriers: calls(949), Quota: quota}, "none"},
		{"quota used", CarrierQuota, Figures{Carriers: calls(950), Quota: quota}, "cra_1"},
		{"endpoint disabled", EndpointDisabled, Figures{Endpoints: endpoint(models.Endpoint{DisabledAt: at(-time.Hour), DisabledReason: "gone"})}, "whe_1"},
		{"endpoint fails for minutes", DeliveriesFailing, Figures{Endpoints: endpoint(models.Endpoint{FailingSince: at(-50 * time.Minute)}), Lost: map[string]int{}}, "none"},
		{"endpoint fails for an hour", DeliveriesFailing, Figures{Endpoints: endpoint(models.Endpoint{FailingSince: at(-time.Hour)}), Lost: map[string]int{}}, "whe_1"},
		{"endpoint switched off by a person", EndpointDisabled, Figures{Endpoints: endpoint(models.Endpoint{DisabledAt: at(-time.Hour)})}, "none"},
		{"some are given up, others arrive", DeliveriesLost, Figures{Endpoints: endpoint(models.Endpoint{}), Lost: map[string]int{"whe_1": 1}, Arrived: arrived}, "whe_1"},
		{"some are given up, nothing else was sent", DeliveriesLost, Figures{Endpoints: endpoint(models.Endpoint{}), Lost: map[string]int{"whe_1": 1}}, "none"},
		{"some are given up, the last one too", DeliveriesLost, Figures{Endpoints: endpoint(models.Endpoint{FailingSince: at(-time.Minute)}), Lost: map[string]int{"whe_1": 1}, Arrived: arrived}, "whe_1"},
		{"given up as all fail", DeliveriesLost, Figures{Endpoints: endpoint(models.Endpoint{FailingSince: at(-time.Hour)}), Lost: map[string]int{"whe_1": 1}, Arrived: arrived}, "none"},
		{"given up as it is off", DeliveriesLost, Figures{Endpoints: endpoint(models.Endpoint{DisabledAt: at(-time.Minute)}), Lost: map[string]int{"whe_1": 1}, Arrived: arrived}, "none"},
		{"none given up", DeliveriesLost, Figures{Endpoints: endpoint(models.Endpoint{}), Lost: map[string]int{}}, "none"},
		{"webhooks overdue", DeliveriesOverdue, Figures{Overdue: queued(9, 10*time.Minute)}, "found"},
		{"short queue", QueueFull, Figures{Queues: jobs(4999, 9*time.Minute)}, "none"},
		{"long queue", QueueFull, Figures{Queues: jobs(5000, time.Second)}, "money"},
		{"old queue", QueueFull, Figures{Queues: jobs(1, 10*time.Minute)}, "money"},
		{"workers", WorkersStopped, Figures{Workers: &models.WorkerSigns{Leader: true}}, "none"},
		{"no workers", WorkersStopped, Figures{Workers: &models.WorkerSigns{}}, "found"},
		{"idle workers", WorkersStalled, Figures{Workers: &models.WorkerSigns{Leader: true, Idle: 5 * time.Minute}}, "found"},
		{"idle, as nobody works", WorkersStalled, Figures{Workers: &models.WorkerSigns{Idle: time.Hour}}, "none"},
		{"room", DiskFull, machine(Machine{DiskFree: .1}), "none"},
		{"no room", DiskFull, machine(Machine{DiskFree: .09}), "found"},
		{"a disk elsewhere", DiskFull, machine(Machine{DiskFree: -1}), "unknown"},
		{"no standby wanted", ReplicaMissing, Figures{Replicas: &models.Replicas{Shown: true}}, "none"},
		{"standby in step", ReplicaMissing, Figures{Replicas: &models.Replicas{Shown: true, Behind: 1, InSync: 1}}, "none"},
		{"standby lags", ReplicaMissing, Figures{Replicas: &models.Replicas{Shown: true, Behind: 2}}, "found"},
		{"fresh backup", BackupOld, nodes(models.Node{Backups: true}, models.Node{}, models.Node{Backups: true, BackupAt: at(-25 * time.Hour)}), "none"},
		{"old backup", BackupOld, nodes(models.Node{Backups: true, BackupAt: at(-26 * time.Hour)}), "found"},
		{"no backup at all", BackupOld, nodes(models.Node{Backups: true}), "found"},
		{"backups are not watched", BackupOld, nodes(models.Node{}), "unknown"},
		{"certificate for long", CertificateExpiring, Figures{Certificate: at(15 * 24 * time.Hour)}, "none"},
		{"certificate for short", CertificateExpiring, Figures{Certificate: at(14 * 24 * time.Hour), Host: "till.example"}, "found"},
		{"all secrets open", CredentialsLocked, nodes(models.Node{}, models.Node{Locked: -1}), "none"},
		{"a secret does not open on one node", CredentialsLocked, nodes(models.Node{}, models.Node{Name: "b", Locked: 1}), "found"},
		{"nobody looked at secrets", CredentialsLocked, nodes(models.Node{Locked: -1}), "unknown"},
	}
	tried := map[string]bool{}
	for _, test := range tests {
		r, ok := RuleOf(test.kind)
		if !ok {
			t.Fatalf("no rule %s", test.kind)
		}
		tried[test.kind] = true
		test.figures.Now = start
		if test.figures.Quota == nil {
			test.figures.Quota = quota
		}
		adjusted := r.adjust(nil)
		findings, known := r.find(&test.figures, adjusted.Limits)
		got := "none"
		switch {
		case !known:
			got = "unknown"
		case len(findings) > 1:
			got = "several"
		case len(findings) == 1 && findings[0].Object != "":
			got = findings[0].Object
		case len(findings) == 1:
			got = "found"
		}
		if got != test.want {
			t.Errorf("%s, %s: %s, want %s (%+v)", test.kind, test.name, got, test.want, findings)
		}
	}
	for _, r := range Rules() {
		if !tried[r.Kind] {
			t.Errorf("%s is not tried", r.Kind)
		}
	}
}

// Every rule has words in each language, a place or none on purpose, and limits
// whose defaults are within their bounds.
func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.Kind] {
			t.Errorf("%s is there twice", r.Kind)
		}
		seen[r.Kind] = true
		i := models.Incident{Kind: r.Kind, ObjectID: "x", Detail: map[string]string{detailName: "N", detailSince: start.Format(time.RFC3339)}}
		for _, l := range locales.Languages() {
			said := Say(locales.For(l), time.UTC, &i, start.Add(90*time.Minute))
			if said.Title == r.Kind || said.Text == "" || contains(said.Title+said.Text, "{{") || contains(said.Title+said.Text, "no value") {
				t.Errorf("%s in %s: %+v", r.Kind, l, said)
			}
		}
		for _, l := range r.Limits {
			if l.Default < l.Min || l.Default > l.Max {
				t.Errorf("%s: the default of %s is out of its bounds", r.Kind, l.Name)
			}
		}
	}
	if len(saying) != len(Rules()) {
		t.Errorf("%d rules, words of %d", len(Rules()), len(saying))
	}
}

func TestLasted(t *testing.T) {
	t.Parallel()
	var got []string
	for _, d := range []time.Duration{-time.Second, 90 * time.Second, 59 * time.Minute, 125 * time.Minute, 24 * time.Hour, 50 * time.Hour} {
		got = append(got, Lasted(locales.For(locales.English), d))
	}
	if diff := cmp.Diff([]string{"0 s", "90 s", "59 min", "2 h 5 min", "24 h", "2 d"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEndpointName(t *testing.T) {
	t.Parallel()
	tests := map[string]models.Endpoint{
		"shop.example:8443/hooks/till": {URL: "https://shop.example:8443/hooks/till/?key=canary"},
		"shop.example":                 {URL: "https://user:canary@shop.example/"},
		"shop.example/services/T01/…":  {URL: "https://shop.example/services/T01/canarycanarycanary7351"},
		"Second till (shop.example)":   {URL: "https://shop.example/canary", Description: "Second till"},
	}
	for want, e := range tests {
		if got := endpointName(&e); got != want {
			t.Errorf("%s is called %q, want %q", e.URL, got, want)
		}
	}
}
