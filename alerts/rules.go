package alerts

import (
	"time"

	"github.com/tillpost/tillpost/models"
)

// Kinds of incidents, one for each rule.
const (
	PaymentsUnknown      = "payments_unknown"
	PaymentsReview       = "payments_review"
	SuccessRate          = "success_rate"
	GatewayRefused       = "gateway_refused"
	GatewayFailing       = "gateway_failing"
	CarrierRefused       = "carrier_refused"
	CarrierFailing       = "carrier_failing"
	CarrierQuota         = "carrier_quota"
	EndpointDisabled     = "endpoint_disabled"
	DeliveriesFailing    = "deliveries_failing"
	DeliveriesLost       = "deliveries_lost"
	DeliveriesOverdue    = "deliveries_overdue"
	QueueFull            = "queue_full"
	WorkersStopped       = "workers_stopped"
	WorkersStalled       = "workers_stalled"
	DiskFull             = "disk_full"
	ReplicaMissing       = "replica_missing"
	BackupOld            = "backup_old"
	CertificateExpiring  = "certificate_expiring"
	CredentialsLocked    = "credentials_locked"
	DisputeDue           = "dispute_due"
	minute, hour, day    = 60, 3600, 86400 // seconds
	clearSoon, clearLate = 2 * time.Minute, 10 * time.Minute
)

// Unit is what a limit is counted in.
type Unit string

// The units.
const (
	Seconds Unit = "seconds"
	Count   Unit = "count"
	Percent Unit = "percent"
)

// Limit is a threshold of a rule, which administrators may change.
type Limit struct {
	Name              string
	Unit              Unit
	Default, Min, Max int64
}

// Rule finds one kind of thing that is wrong.
type Rule struct {
	Kind     string
	Severity string
	Shared   bool // the merchant's own people are told as well
	Limits   []Limit
	// Hold is how long something must be found before it is an incident, and
	// Clear how long it must be gone before the incident is over: what comes and
	// goes in between is one incident.
	Hold, Clear time.Duration

	// find is a pure function of the figures. It says false when this node cannot
	// tell, which leaves incidents as they are.
	find func(f *Figures, l Limits) (found []Finding, known bool)
}

// Limits are a rule's thresholds by name.
type Limits map[string]int64

func (l Limits) seconds(name string) time.Duration { return time.Duration(l[name]) * time.Second }

// Finding is one thing that is wrong.
type Finding struct {
	Object     string // its id, for the key and the link; empty: there is one only
	MerchantID string
	Detail     map[string]string
	// Abandoned says that nobody has seen to it for so long that nobody will: an
	// incident of it ends, and nobody is told that anything was mended.
	Abandoned bool
}

// Names of details, which are also the placeholders of texts.
const (
	detailName   = "name"
	detailCount  = "count"
	detailSince  = "since" // RFC 3339
	detailShare  = "share" // percent
	detailUsual  = "usual" // percent
	detailReason = "reason"
)

// Rules are all of them, in the order of pages: money first.
func Rules() []Rule {
	const warning, critical = models.SeverityWarning, models.SeverityCritical
	age := func(standard, least int64) Limit { return Limit{"age", Seconds, standard, least, 30 * day} }
	return []Rule{
		{Kind: PaymentsUnknown, Severity: critical, Limits: []Limit{age(15*minute, minute)}, Clear: clearSoon, find: paymentsUnknown},
		{Kind: PaymentsReview, Severity: warning, Limits: []Limit{age(4*hour, minute)}, Clear: clearSoon, find: paymentsReview},
		{Kind: SuccessRate, Severity: critical, Hold: time.Minute, Clear: clearLate, find: successRate, Limits: []Limit{
			{"drop", Percent, 10, 1, 90}, {"volume", Count, 20, 5, 100_000},
		}},
		// What is refused after somebody brought other credentials is news.
		{Kind: GatewayRefused, Severity: critical, find: gatewayRefused},
		{Kind: GatewayFailing, Severity: critical, Clear: 3 * time.Minute, find: gatewayFailing, Limits: []Limit{
			{"share", Percent, 20, 1, 100}, {"volume", Count, 10, 1, 100_000},
		}},
		{Kind: DisputeDue, Severity: warning, Shared: true, Limits: []Limit{{"before", Seconds, 3 * day, hour, 30 * day}}, Clear: clearSoon, find: disputeDue},
		{Kind: CarrierRefused, Severity: critical, find: carrierRefused},
		{Kind: CarrierFailing, Severity: warning, Clear: 3 * time.Minute, find: carrierFailing},
		{Kind: CarrierQuota, Severity: warning, Limits: []Limit{{"share", Percent, 95, 10, 100}}, Clear: clearSoon, find: carrierQuota},
		{Kind: EndpointDisabled, Severity: warning, Shared: true, Clear: clearSoon, find: endpointDisabled},
		{Kind: DeliveriesFailing, Severity: warning, Shared: true, Clear: clearSoon, find: deliveriesFailing, Limits: []Limit{age(hour, minute)}},
		{Kind: DeliveriesLost, Severity: warning, Shared: true, Clear: clearSoon, find: deliveriesLost, Limits: []Limit{
			{"count", Count, 1, 1, 100_000},
		}},
		{Kind: DeliveriesOverdue, Severity: critical, Limits: []Limit{age(10*minute, 10)}, Hold: 2 * time.Minute, Clear: clearSoon, find: deliveriesOverdue},
		{Kind: QueueFull, Severity: critical, Clear: clearSoon, find: queueFull, Limits: []Limit{
			age(10*minute, 10), {"count", Count, 5000, 10, 10_000},
		}},
		// A new leader is found within fifteen seconds.
		{Kind: WorkersStopped, Severity: critical, Hold: 20 * time.Second, Clear: 20 * time.Second, find: workersStopped},
		// After an outage of the database, workers need a moment to finish something.
		{Kind: WorkersStalled, Severity: critical, Limits: []Limit{age(5*minute, 30)}, Hold: 30 * time.Second, Clear: 30 * time.Second, find: workersStalled},
		{Kind: DiskFull, Severity: critical, Limits: []Limit{{"share", Percent, 10, 1, 90}}, Clear: clearSoon, find: diskFull},
		{Kind: ReplicaMissing, Severity: warning, Hold: time.Minute, Clear: clearSoon, find: replicaMissing},
		{Kind: BackupOld, Severity: warning, Limits: []Limit{age(26*hour, minute)}, Clear: clearSoon, find: backupOld},
		{Kind: CertificateExpiring, Severity: warning, Clear: clearSoon, find: certificateExpiring, Limits: []Limit{
			{"before", Seconds, 14 * day, hour, 90 * day},
		}},
		{Kind: CredentialsLocked, Severity: critical, Clear: clearSoon, find: credentialsLocked},
	}
}

// RuleOf finds a rule by its kind.
func RuleOf(kind string) (Rule, bool) {
	for _, r := range Rules() {
		if r.Kind == kind {
			return r, true
		}
	}
	return Rule{}, false
}

// Adjusted is a rule as administrators have set it.
type Adjusted struct {
	Rule

	Enabled bool
	Limits  Limits
	Changed models.AlertRule // who changed it last and when; zero: nobody has
}

// adjust applies what was changed of a rule. A limit that the rule does not
// know, or that is out of its bounds, is as it comes.
func (r Rule) adjust(changed map[string]models.AlertRule) Adjusted {
	a := Adjusted{Rule: r, Enabled: true, Limits: Limits{}}
	row, ok := changed[r.Kind]
	for _, l := range r.Limits {
		a.Limits[l.Name] = l.Default
		if value, set := row.Limits[l.Name]; set && value >= l.Min && value <= l.Max {
			a.Limits[l.Name] = value
		}
	}
	if ok {
		a.Enabled, a.Severity, a.Changed = row.Enabled, row.Severity, row
	}
	return a
}

// key is what incidents of a finding are known by.
func (r Rule) key(f Finding) string {
	if f.Object == "" {
		return r.Kind
	}
	return r.Kind + ":" + f.Object
}
