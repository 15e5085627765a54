package alerts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Whatever comes and goes, and whatever people do meanwhile: of each thing one
// incident is open at most, people are told that it is at most once in half an
// hour, of the end of each incident at most once and only if they were told of
// it, and a thing that stays wrong is told of.
func TestAlertsDedupe(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		rapid.Check(t, histories(t, db, nil))
	})
}

// histories make one after the other, and check each.
func histories(t *testing.T, db *models.DB, found *string) func(t *rapid.T) {
	b := newBench(t, db, Options{})
	b.user(models.RoleAdmin, "")
	run := 0
	return func(t *rapid.T) {
		if found != nil {
			if *found != "" {
				return
			}
			defer func() {
				cause := recover()
				if _, ok := cause.(caught); cause != nil && !ok {
					panic(cause)
				}
			}()
		}
		run++
		h := &history{bench: b, t: t, objects: []string{fmt.Sprintf("a%d", run), fmt.Sprintf("b%d", run)}, wrong: map[string]bool{}, found: found}
		b.now = b.now.Add(30 * 24 * time.Hour) // histories do not touch
		steps := rapid.IntRange(5, 40).Draw(t, "steps")
		for range steps {
			h.step()
		}
		h.check()
	}
}

type history struct {
	*bench

	t       *rapid.T
	objects []string
	wrong   map[string]bool
	found   *string // where a fault that was planted is noted; nil: one is a failure
}

// caught is the panic that ends a history in which a planted fault was found.
type caught struct{}

// brokenf tells that what is promised does not hold.
func (h *history) brokenf(format string, args ...any) {
	if h.found == nil {
		h.t.Fatalf(format, args...)
	}
	*h.found = fmt.Sprintf(format, args...)
	panic(caught{})
}

func (h *history) step() {
	switch rapid.SampledFrom([]string{"toggle", "wait", "wait", "evaluate", "evaluate", "flap", "acknowledge", "silence", "unsilence"}).Draw(h.t, "act") {
	case "toggle":
		o := rapid.SampledFrom(h.objects).Draw(h.t, "object")
		h.wrong[o] = !h.wrong[o]
	case "wait":
		h.after(rapid.SampledFrom([]time.Duration{
			10 * time.Second, time.Minute, 2*time.Minute + time.Second, 29 * time.Minute, 31 * time.Minute, 4*time.Hour + time.Second, 25 * time.Hour,
		}).Draw(h.t, "how long"))
		h.evaluate()
	case "evaluate":
		h.evaluate()
	case "flap": // which chance alone seldom comes upon
		o := rapid.SampledFrom(h.objects).Draw(h.t, "object")
		for _, wrong := range []bool{true, false, false, true} {
			h.wrong[o] = wrong
			h.evaluate()
			h.after(clearSoon + time.Second)
		}
	default:
		h.person()
	}
}

func (h *history) evaluate() {
	var findings []signal
	for _, o := range h.objects {
		if h.wrong[o] {
			findings = append(findings, broken(CarrierRefused, o, ""))
		}
	}
	h.note(findings...)
}

// person does something with an incident that is open.
func (h *history) person() {
	for _, i := range h.mine() {
		if !i.Open() {
			continue
		}
		act := rapid.SampledFrom([]string{"acknowledge", "silence", "unsilence"}).Draw(h.t, "deed")
		err := h.db.Write(h.bench.t.Context(), func(tx *models.Tx) error {
			switch act {
			case "acknowledge":
				if i.AcknowledgedAt != nil {
					return nil
				}
				return h.Acknowledge(tx, models.AllMerchants(), i.ID, "mine", modelstest.Actor())
			case "silence":
				return h.Silence(tx, models.AllMerchants(), i.ID, time.Hour, "noise", modelstest.Actor())
			default:
				return h.Unsilence(tx, models.AllMerchants(), i.ID, modelstest.Actor())
			}
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

// mine are the incidents of this history, oldest first.
func (h *history) mine() []models.Incident {
	var mine []models.Incident
	for _, i := range h.incidents() {
		if i.ObjectID == h.objects[0] || i.ObjectID == h.objects[1] {
			mine = append(mine, i)
		}
	}
	return mine
}

func (h *history) check() {
	told, open := map[string]time.Time{}, map[string]int{}
	for _, i := range h.mine() {
		if i.Open() {
			open[i.Key]++
		}
		messages, err := h.db.IncidentAlerts(h.bench.t.Context(), i.ID)
		if err != nil {
			h.t.Fatal(err)
		}
		ends, begun := 0, false
		for _, m := range slices.Backward(messages) { // oldest first
			if m.Kind == models.AlertResolved {
				ends++
				if ends > 1 || !begun || i.Open() {
					h.brokenf("%s: told of the end %d times, of the begin %v, open %v", i.Key, ends, begun, i.Open())
				}
				continue
			}
			if (m.Kind == models.AlertOpened) == begun {
				h.brokenf("%s: %s although begun is %v", i.Key, m.Kind, begun)
			}
			if last, ok := told[i.Key]; ok && m.CreatedAt.Sub(last) < 30*time.Minute {
				h.brokenf("%s: told again after %v", i.Key, m.CreatedAt.Sub(last))
			}
			told[i.Key], begun = m.CreatedAt, true
		}
	}
	for key, n := range open {
		if n > 1 {
			h.brokenf("%d incidents of %s are open", n, key)
		}
	}
	for _, o := range h.objects { // what stays wrong is told of, once no silence hides it
		h.wrong[o] = true
	}
	for range 5 {
		h.after(31 * time.Minute)
		h.evaluate()
	}
	for _, i := range h.mine() {
		if i.Open() && i.Told == 0 {
			h.brokenf("%s was never told of", i.Key)
		}
	}
	for _, o := range h.objects {
		h.wrong[o] = false
	}
	h.evaluate()
	h.after(time.Hour)
	h.evaluate()
	for _, i := range h.mine() {
		if i.Open() {
			h.brokenf("%s does not end", i.Key)
		}
	}
}
