package alerts

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

func queueFull(f *Figures, l Limits) ([]Finding, bool) {
	if f.Queues == nil {
		return nil, false
	}
	var found []Finding
	for _, q := range f.Queues {
		if q.Count == 0 || q.Oldest < l.seconds("age") && q.Count < l["count"] {
			continue
		}
		found = append(found, Finding{Object: q.Queue, Detail: map[string]string{
			detailName: q.Queue, detailCount: strconv.FormatInt(q.Count, 10), detailSince: f.Now.Add(-q.Oldest).Format(time.RFC3339),
		}})
	}
	return found, true
}

func workersStopped(f *Figures, _ Limits) ([]Finding, bool) {
	if f.Workers == nil {
		return nil, false
	}
	if f.Workers.Leader {
		return nil, true
	}
	return []Finding{{Detail: map[string]string{}}}, true
}

// workersStalled finds workers that live and finish nothing: upkeep alone
// finishes a job every few seconds.
func workersStalled(f *Figures, l Limits) ([]Finding, bool) {
	if f.Workers == nil {
		return nil, false
	}
	if !f.Workers.Leader || f.Workers.Idle < l.seconds("age") {
		return nil, true
	}
	return []Finding{{Detail: map[string]string{detailSince: f.Now.Add(-f.Workers.Idle).Format(time.RFC3339)}}}, true
}

func diskFull(f *Figures, l Limits) ([]Finding, bool) {
	if f.Machine == nil || f.Machine.DiskFree < 0 {
		return nil, false
	}
	if f.Machine.DiskFree >= float64(l["share"])/100 {
		return nil, true
	}
	return []Finding{{Detail: map[string]string{detailShare: percent(f.Machine.DiskFree)}}}, true
}

// replicaMissing finds a database whose commits no standby confirms, although
// there are standbys, or one was asked for.
func replicaMissing(f *Figures, _ Limits) ([]Finding, bool) {
	if f.Replicas == nil {
		return nil, false
	}
	if !f.Replicas.Lossy() {
		return nil, true
	}
	return []Finding{{Detail: map[string]string{detailCount: strconv.FormatInt(int64(f.Replicas.Behind), 10)}}}, true
}

// backupOld looks at the newest backup that any node sees: one of them may be
// the only one that makes them.
func backupOld(f *Figures, l Limits) ([]Finding, bool) {
	if !slices.ContainsFunc(f.Nodes, func(n models.Node) bool { return n.Backups }) {
		return nil, false
	}
	detail := map[string]string{}
	var newest time.Time
	for i := range f.Nodes {
		if at := f.Nodes[i].BackupAt; at != nil && at.After(newest) {
			newest = *at
			detail[detailSince] = newest.Truncate(time.Minute).Format(time.RFC3339)
		}
	}
	if f.Now.Sub(newest) < l.seconds("age") {
		return nil, true
	}
	return []Finding{{Detail: detail}}, true
}

func certificateExpiring(f *Figures, l Limits) ([]Finding, bool) {
	if f.Certificate == nil {
		return nil, false
	}
	if f.Certificate.Sub(f.Now) > l.seconds("before") {
		return nil, true
	}
	return []Finding{{Detail: map[string]string{detailName: f.Host, detailSince: f.Certificate.Format(time.RFC3339)}}}, true
}

// credentialsLocked finds nodes whose keys do not open all secrets.
func credentialsLocked(f *Figures, _ Limits) ([]Finding, bool) {
	var (
		names  []string
		most   int64
		looked bool
	)
	for i := range f.Nodes {
		n := &f.Nodes[i]
		looked = looked || n.Locked >= 0
		if n.Locked > 0 {
			names, most = append(names, n.Name), max(most, n.Locked)
		}
	}
	if len(names) == 0 {
		return nil, looked
	}
	slices.Sort(names)
	return []Finding{{Detail: map[string]string{
		detailName: strings.Join(slices.Compact(names), ", "), detailCount: strconv.FormatInt(most, 10),
	}}}, true
}
