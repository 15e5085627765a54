package alerts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// Times of telling.
const (
	// tellGap is the least time between two messages that the same thing is wrong,
	// however often it comes and goes.
	tellGap = 30 * time.Minute
	// firstReminder comes that long after the first message, the next ones daily.
	firstReminder = 4 * time.Hour
	nextReminder  = 24 * time.Hour
	// foldBatch bounds the minutes that one evaluation adds to hours.
	foldBatch = 500
)

// guarded runs work; a panic of it is an error, as the loop must go on.
func (s *Service) guarded(ctx context.Context, work func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	return work(ctx)
}

// Evaluate looks for what is wrong, if it is this node's turn, and stores it
// with the messages about it.
func (s *Service) Evaluate(ctx context.Context) error {
	var (
		turn int64
		ours bool
	)
	err := s.store(ctx, func(tx *models.Tx) (err error) {
		turn, ours, err = tx.ClaimAlertTurn(s.opts.Node, s.opts.Every)
		return err
	})
	if err != nil || !ours {
		return err
	}
	figures, err := s.read(ctx)
	if err != nil {
		return err
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	state := examine(rules, figures)
	s.limit(&state)
	held, err := s.apply(ctx, turn, state)
	if err != nil {
		return err
	}
	if err := s.fold(ctx); err != nil {
		return err
	}
	if held && alive(figures) {
		return s.beat(ctx)
	}
	return nil
}

// Rules are all rules as administrators have set them.
func (s *Service) Rules(ctx context.Context) ([]Adjusted, error) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	changed, err := s.db.AlertRules(ctx)
	if err != nil {
		return nil, err
	}
	var rules []Adjusted
	for _, r := range Rules() {
		rules = append(rules, r.adjust(changed))
	}
	return rules, nil
}

// signal is a finding with its rule.
type signal struct {
	Finding

	rule Adjusted
	key  string
}

// state is what an evaluation found.
type state struct {
	signals   []signal            // by key
	abandoned map[string]bool     // keys
	rules     map[string]Adjusted // those that this node could judge, by kind
}

// examine applies the rules to the figures.
func examine(rules []Adjusted, f *Figures) state {
	s := state{abandoned: map[string]bool{}, rules: map[string]Adjusted{}}
	for _, r := range rules {
		if !r.Enabled {
			s.rules[r.Kind] = r
			continue
		}
		findings, known := r.find(f, r.Limits)
		if !known {
			continue
		}
		s.rules[r.Kind] = r
		for _, finding := range findings {
			if finding.Abandoned {
				s.abandoned[r.key(finding)] = true
				continue
			}
			s.signals = append(s.signals, signal{Finding: finding, rule: r, key: r.key(finding)})
		}
	}
	slices.SortFunc(s.signals, func(a, b signal) int { return cmp.Compare(a.key, b.key) })
	return s
}

// limit applies what tests set instead of the rules' own times.
func (s *Service) limit(found *state) {
	adjust := func(r *Adjusted) {
		if s.opts.Hold > 0 {
			r.Hold = min(r.Hold, s.opts.Hold)
		}
		if s.opts.Clear > 0 {
			r.Clear = min(r.Clear, s.opts.Clear)
		}
	}
	for i := range found.signals {
		adjust(&found.signals[i].rule)
	}
	for kind, r := range found.rules {
		adjust(&r)
		found.rules[kind] = r
	}
}

// alive says whether anybody works: without workers nothing that was accepted
// is done, however well the rest goes. The rules count as they come: that they
// were switched off or slackened is about who is told of what else.
func alive(f *Figures) bool {
	for _, r := range Rules() {
		if r.Kind != WorkersStopped && r.Kind != WorkersStalled {
			continue
		}
		if findings, known := r.find(f, r.adjust(nil).Limits); !known || len(findings) > 0 {
			return false
		}
	}
	return true
}

// apply stores what an evaluation found. A node that took so long that another
// has begun the next turn stores nothing, and is told so: what it knows is old.
func (s *Service) apply(ctx context.Context, turn int64, found state) (held bool, err error) {
	var told bool
	err = s.store(ctx, func(tx *models.Tx) (err error) {
		told = false
		if held, err = tx.HoldAlertTurn(turn); err != nil || !held {
			return err
		}
		b, err := s.newBook(tx)
		if err != nil {
			return err
		}
		if err := b.note(found); err != nil {
			return err
		}
		told = b.told
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("store what alerts found: %w", err)
	}
	if told {
		s.nudge()
	}
	return held, nil
}

// nudge has messages sent at once.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// book is what is known of incidents in the transaction of an evaluation.
type book struct {
	tx       *models.Tx
	service  *Service
	open     map[string]*models.Incident // by key
	since    map[string]time.Time        // findings that are no incidents yet
	kinds    map[string]string           // of findings
	silences map[string]time.Time
	told     bool
}

func (s *Service) newBook(tx *models.Tx) (*book, error) {
	b := &book{tx: tx, service: s, open: map[string]*models.Incident{}}
	incidents, err := tx.OpenIncidents()
	if err != nil {
		return nil, err
	}
	for i := range incidents {
		b.open[incidents[i].Key] = &incidents[i]
	}
	if b.since, b.kinds, err = tx.AlertFindings(); err != nil {
		return nil, err
	}
	b.silences, err = tx.AlertSilences()
	return b, err
}

// note brings incidents to where the findings are.
func (b *book) note(found state) error {
	seen := map[string]bool{}
	var done []string
	for _, g := range found.signals {
		seen[g.key] = true
		opened, err := b.see(g)
		if err != nil {
			return err
		}
		if _, waited := b.since[g.key]; opened && waited {
			done = append(done, g.key)
		}
	}
	for key, kind := range b.kinds {
		if _, known := found.rules[kind]; known && !seen[key] {
			done = append(done, key)
		}
	}
	slices.Sort(done)
	if err := b.tx.DropFindings(done); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(b.open)) {
		i := b.open[key]
		r, known := found.rules[i.Kind]
		if known && !seen[key] {
			if err := b.miss(i, r, found.abandoned[key]); err != nil {
				return err
			}
		}
		if err := b.tellIfDue(i); err != nil {
			return err
		}
	}
	return nil
}

// see notes a finding: of an incident, or of what becomes one when it lasts. It
// says whether the incident is open.
func (b *book) see(g signal) (bool, error) {
	if i := b.open[g.key]; i != nil {
		return true, b.tx.SeeIncident(i, g.rule.Severity, g.Detail)
	}
	if g.rule.Hold > 0 {
		since, waits := b.since[g.key]
		if !waits {
			return false, b.tx.AddFinding(g.key, g.rule.Kind)
		}
		if b.tx.Now().Sub(since) < g.rule.Hold {
			return false, nil
		}
	}
	tell := b.tx.Now()
	last, err := b.tx.LastTold(g.key)
	if err != nil {
		return false, err
	}
	if last != nil && last.Add(tellGap).After(tell) {
		tell = last.Add(tellGap)
	}
	i := &models.Incident{
		Key: g.key, Kind: g.rule.Kind, Severity: g.rule.Severity, Shared: g.rule.Shared, ObjectID: g.Object, Detail: g.Detail, NextTellAt: &tell,
	}
	if g.MerchantID != "" {
		i.MerchantID = &g.MerchantID
	}
	ok, err := b.tx.OpenIncident(i)
	if err != nil || !ok {
		return false, err
	}
	b.open[g.key] = i
	return true, nil
}

// miss notes that what an incident tells of was not found, and resolves it when
// that has lasted. That a rule was switched off, or that nobody sees to what it
// found, says nothing of how that is now: then nobody is told.
func (b *book) miss(i *models.Incident, r Adjusted, abandoned bool) error {
	gone := r.Enabled && !abandoned
	if gone && i.ClearSince == nil && r.Clear > 0 {
		return b.tx.MissIncident(i)
	}
	if gone && i.ClearSince != nil && b.tx.Now().Sub(*i.ClearSince) < r.Clear {
		return nil
	}
	ok, err := b.tx.ResolveIncident(i)
	if err != nil || !ok || !gone || i.Told == 0 || b.silent(i) {
		return err
	}
	return b.tell(i, models.AlertResolved, 1)
}

func (b *book) silent(i *models.Incident) bool { return b.silences[i.Key].After(b.tx.Now()) }

// tellIfDue makes the messages that an incident is open, when their time has come.
func (b *book) tellIfDue(i *models.Incident) error {
	due := i.NextTellAt != nil && !i.NextTellAt.After(b.tx.Now())
	if !due || !i.Open() || i.ClearSince != nil || b.silent(i) {
		return nil
	}
	kind, again := models.AlertReminder, nextReminder
	if i.Told == 0 {
		kind, again = models.AlertOpened, firstReminder
	}
	if err := b.tell(i, kind, i.Told+1); err != nil {
		return err
	}
	if err := b.tx.TellIncident(i, b.tx.Now().Add(again)); err != nil || i.AcknowledgedAt == nil {
		return err
	}
	return b.tx.PlanIncident(i, nil)
}

// fold keeps the figures of payment accounts small.
func (s *Service) fold(ctx context.Context) error {
	err := s.store(ctx, func(tx *models.Tx) error {
		_, err := tx.FoldGateways(foldBatch)
		return err
	})
	if err != nil {
		return fmt.Errorf("fold figures of payment accounts: %w", err)
	}
	return nil
}
