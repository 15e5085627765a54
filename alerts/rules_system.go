package alerts

import (
	"strconv"
	"time"
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

func backupOld(f *Figures, l Limits) ([]Finding, bool) {
	if f.Machine == nil || !f.Machine.BackupWatched {
		return nil, false
	}
	if age := f.Machine.Backup; age >= 0 && age < l.seconds("age") {
		return nil, true
	}
	detail := map[string]string{}
	if f.Machine.Backup >= 0 {
		detail[detailSince] = f.Now.Add(-f.Machine.Backup).Truncate(time.Minute).Format(time.RFC3339)
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

func credentialsLocked(f *Figures, _ Limits) ([]Finding, bool) {
	if f.Machine == nil || f.Machine.Locked < 0 {
		return nil, false
	}
	if f.Machine.Locked == 0 {
		return nil, true
	}
	return []Finding{{Detail: map[string]string{detailCount: strconv.Itoa(f.Machine.Locked)}}}, true
}
