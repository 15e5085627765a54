package monitor

import (
	"sync"
	"time"
)

// Results of jobs.
const (
	JobDone    = "done"
	JobLater   = "later" // it was not its time yet
	JobFailed  = "failed"
	JobStopped = "canceled" // for good
)

// Run is how a periodic job fared on this process.
type Run struct {
	Kind      string
	At        time.Time // of its end, by this machine's clock
	Took      time.Duration
	Succeeded time.Time // the last time; zero when it did not
	Error     string    // of the last run
}

// JobEnded counts a job; of one that is periodic it remembers how it fared.
func (f *Figures) JobEnded(kind, result string, took time.Duration, periodic bool, failure error) {
	if f == nil {
		return
	}
	f.jobTimes.WithLabelValues(label(kind), label(result)).Observe(took.Seconds())
	if periodic {
		f.runs.note(kind, time.Now(), took, failure)
	}
}

// Runs are the periodic jobs that ran since the time.
func (f *Figures) Runs(since time.Time) []Run {
	f.runs.Lock()
	defer f.runs.Unlock()
	var out []Run
	for _, r := range f.runs.byKind {
		if r.At.After(since) {
			out = append(out, *r)
		}
	}
	return out
}

// runs remember the periodic jobs of this process.
type runs struct {
	*sync.Mutex

	byKind map[string]*Run
}

func newRuns() runs { return runs{Mutex: &sync.Mutex{}, byKind: map[string]*Run{}} }

func (r runs) note(kind string, at time.Time, took time.Duration, failure error) {
	r.Lock()
	defer r.Unlock()
	run := r.byKind[kind]
	if run == nil {
		run = &Run{Kind: kind}
		r.byKind[kind] = run
	}
	run.At, run.Took, run.Error = at, took, ""
	if failure == nil {
		run.Succeeded = at
	} else {
		run.Error = failure.Error()
	}
}
