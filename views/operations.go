package views

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// Addresses of what administrators see of the program itself.
const (
	OperationsPath = "/operations"
	JobsPath       = OperationsPath + "/jobs"
	QueuesPath     = OperationsPath + "/queues"
)

// OperationsView is how the program itself fares.
type OperationsView struct {
	Now        time.Time
	Nodes      []models.Node
	LeaderID   string
	Queues     []models.QueueState
	Outbox     models.OutboxState
	Failing    []models.Job
	Periodic   []models.PeriodicJob
	Accounts   []GuardedAccount
	Database   models.DatabaseState
	DiskFree   int64 // bytes; -1: unknown
	DiskSize   int64
	BackupKept bool          // somebody said where backups are
	BackupAge  time.Duration // -1: none is there
	Unreadable int           // accounts whose secrets this node cannot open
}

// GuardedAccount is an account with what keeps it from calling.
type GuardedAccount struct {
	Account    models.Account
	Merchant   string
	Path       string // GatewaysPath or CarriersPath
	Trouble    bool
	Gateway    *GatewayHealth      // of a payment account
	Carrier    models.CarrierState // of a carrier's
	CallsToday int
}

// shownAccounts bounds the list; those in trouble come first.
const shownAccounts = 30

func (v OperationsView) accounts() []GuardedAccount {
	sorted := slices.Clone(v.Accounts)
	slices.SortStableFunc(sorted, func(a, b GuardedAccount) int {
		switch {
		case a.Trouble == b.Trouble:
			return 0
		case a.Trouble:
			return -1
		default:
			return 1
		}
	})
	return sorted[:min(len(sorted), shownAccounts)]
}

func (v OperationsView) moreAccounts() int { return max(0, len(v.Accounts)-shownAccounts) }

func (v OperationsView) troubled() int {
	n := 0
	for i := range v.Accounts {
		if v.Accounts[i].Trouble {
			n++
		}
	}
	return n
}

// alive counts the nodes that answer, and those of them that work jobs.
func (v OperationsView) alive() (all, workers int) {
	for i := range v.Nodes {
		if v.Nodes[i].Alive(v.Now) {
			all++
			if v.Nodes[i].Workers {
				workers++
			}
		}
	}
	return all, workers
}

func (v OperationsView) streams() int64 {
	var n int64
	for i := range v.Nodes {
		if v.Nodes[i].Alive(v.Now) {
			n += v.Nodes[i].Streams
		}
	}
	return n
}

// leader is the name of the node that plans the others' work.
func (v OperationsView) leader(ctx context.Context) string {
	for i := range v.Nodes {
		if v.Nodes[i].ID == v.LeaderID {
			return v.Nodes[i].Name
		}
	}
	return locales.T(ctx, "operations.no_leader")
}

// oldest is how long a job has been waiting that could run.
func (v OperationsView) oldest() time.Duration {
	var oldest time.Duration
	for _, q := range v.Queues {
		oldest = max(oldest, q.Oldest)
	}
	return oldest
}

// ranBy names the node that ran a periodic job last; one that is gone by its id.
func (v OperationsView) ranBy(id string) string {
	for i := range v.Nodes {
		if v.Nodes[i].ID == id {
			return v.Nodes[i].Name
		}
	}
	return id
}

// Limits above which something is late: those of the alerts.
const (
	lateWork  = 10 * time.Minute
	stillWork = 2 * time.Minute
)

// lateness is the tone of a wait.
func lateness(d time.Duration) ui.Tone {
	switch {
	case d > lateWork:
		return ui.Danger
	case d > stillWork:
		return ui.Warning
	default:
		return ui.Success
	}
}

func nodeState(ctx context.Context, n *models.Node, now time.Time) ui.BadgeProps {
	switch {
	case n.Alive(now):
		return ui.BadgeProps{Text: locales.T(ctx, "operations.alive"), Tone: ui.Success, Icon: "circle-check"}
	case n.Lost(now):
		return ui.BadgeProps{Text: locales.T(ctx, "operations.lost"), Tone: ui.Danger, Icon: "circle-x"}
	default:
		return ui.BadgeProps{Text: locales.T(ctx, "operations.stopped"), Tone: ui.Neutral, Icon: "circle-minus"}
	}
}

func nodeDuties(ctx context.Context, n *models.Node) string {
	switch {
	case n.Web && n.Workers:
		return locales.T(ctx, "operations.web_and_workers")
	case n.Web:
		return locales.T(ctx, "operations.web_only")
	default:
		return locales.T(ctx, "operations.workers_only")
	}
}

// queueNames are the queues in words.
var queueNames = map[string]string{
	models.QueueMoney: locales.Mark("operations.queue_money"), models.QueueCarrier: locales.Mark("operations.queue_carrier"),
	models.QueueNotify: locales.Mark("operations.queue_notify"), models.QueueMail: locales.Mark("operations.queue_mail"),
	models.QueueUpkeep: locales.Mark("operations.queue_upkeep"),
}

func queueName(ctx context.Context, name string) string {
	if key, ok := queueNames[name]; ok {
		return locales.FromContext(ctx).T(key)
	}
	return name
}

// upTo writes a count that ends at a limit.
func upTo(n int64) string {
	if n >= 10_000 {
		return Number(n) + "+"
	}
	return Number(n)
}

// Bytes writes a size: "812 KB", "4.2 GB".
func Bytes(n int64) string {
	const step = 1000
	if n < step {
		return strconv.FormatInt(n, 10) + " B"
	}
	size, unit := float64(n), 0
	for size >= step && unit < len("KMGTP") {
		size, unit = size/step, unit+1
	}
	digits := 0
	if size < 10 {
		digits = 1
	}
	return strconv.FormatFloat(size, 'f', digits, 64) + " " + string("KMGTP"[unit-1]) + "B"
}
