package polling

import (
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// account is a carrier account of the scenario: how its carrier wants to be
// asked, and how many of the parcels it follows.
type account struct {
	name    string
	share   float64 // of all parcels
	limits  carriers.Limits
	country string // that its parcels go to
	pushes  bool   // the carrier tells of news by itself
}

// accounts are those of a mall with many shops: large ones with the quotas that
// carriers grant on request, small ones with those of a new key, some of which
// are too small for what they follow, and aggregators that tell by webhook.
// Quotas are scaled with the number of parcels, so that a small run is as tight.
var accounts = []account{
	{"express", 0.14, carriers.Limits{Batch: 1, PerSecond: 5, PerDay: 100_000}, "DE", false},
	{"express, new key", 0.004, carriers.Limits{Batch: 1, PerSecond: 1, PerDay: 250}, "GB", false},
	{"parcels", 0.20, carriers.Limits{Batch: 1, PerSecond: 10}, "FR", false},
	{"ground", 0.20, carriers.Limits{Batch: 30, PerSecond: 10, PerDay: 12_000}, "MY", false},
	{"post, 60 calls an hour", 0.01, carriers.Limits{Batch: 1, PerSecond: 0.2, PerDay: 1440}, "IT", false},
	{"post", 0.08, carriers.Limits{Batch: 10, PerSecond: 0.16, PerDay: 8_000}, "JP", false},
	{"aggregator A", 0.20, carriers.Limits{Batch: 40, PerSecond: 3}, "CN", true},
	{"aggregator B", 0.166, carriers.Limits{Batch: 1, PerSecond: 5}, "NL", true},
}

// whole is the number of parcels that the quotas above are meant for.
const whole = 100_000

func (a account) scaled(parcels int) account {
	factor := float64(parcels) / whole
	if a.limits.PerDay > 0 {
		a.limits.PerDay = max(10, int(float64(a.limits.PerDay)*factor))
	}
	return a
}

// zone is where the account's parcels are delivered.
func (a account) zone() *time.Location { return carriers.ZoneOf(a.country) }
