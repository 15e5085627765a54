package alerts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// Figures is what rules look at. What could not be read, or what this node
// cannot tell, is nil.
type Figures struct {
	Now time.Time

	Unknown, Reviews, Overdue   *models.Waiting
	Gateways                    []models.GatewayAccount
	LastMinutes, LastHour, Week models.GatewaySpan
	Disputes                    []models.UrgentDispute
	Carriers                    []models.CarrierAccount
	Quota                       func(a *models.CarrierAccount) int
	Endpoints                   []models.Endpoint // those that are disabled, fail, or lost webhooks
	Lost                        map[string]int    // webhooks that were given up lately, by endpoint
	Arrived                     map[string]bool   // endpoints of those at which something arrived lately
	Queues                      []models.WatchedJobs
	Workers                     *models.WorkerSigns
	Replicas                    *models.Replicas
	Nodes                       []models.Node // those that are alive

	Machine     *Machine
	Certificate *time.Time // until when the public address's is valid
	Host        string     // of the public address
}

// Spans that figures are of.
const (
	failingSpan = 5 * time.Minute
	rateSpan    = time.Hour
	lostSpan    = time.Hour
	farDeadline = 30 * 24 * time.Hour // the most that a rule may look ahead
	readTimeout = 10 * time.Second
)

// read asks the database for all figures. One that cannot be had leaves the
// others; it fails when none can.
func (s *Service) read(ctx context.Context) (*Figures, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	f := &Figures{Now: s.db.Now(), Quota: s.opts.CarrierQuota}
	if err := s.db.Ping(ctx); err != nil {
		return nil, err
	}
	var errs []error
	note := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	note("unknown payments", into(ctx, &f.Unknown, s.db.StaleUnknown, f.Now))
	note("payments to review", into(ctx, &f.Reviews, s.db.StaleReviews, f.Now))
	note("overdue webhooks", into(ctx, &f.Overdue, s.db.OverdueDeliveries, f.Now))
	note("payment accounts", s.readGateways(ctx, f))
	note("carrier accounts", s.readCarriers(ctx, f))
	note("endpoints", s.readEndpoints(ctx, f))
	note("disputes", s.readDisputes(ctx, f))
	note("system", s.readSystem(ctx, f))
	s.probes.look(ctx, s, f)
	if len(errs) > 0 {
		s.log.WarnContext(ctx, "alerts: some figures cannot be read", "error", errors.Join(errs...))
	}
	return f, nil
}

// into keeps what a query returns, unless it fails.
func into[T any](ctx context.Context, to **T, query func(context.Context, time.Time) (T, error), at time.Time) error {
	value, err := query(ctx, at)
	if err != nil {
		return err
	}
	*to = &value
	return nil
}

func (s *Service) readGateways(ctx context.Context, f *Figures) error {
	accounts, err := s.db.GatewayAccounts(ctx, models.AllMerchants())
	if err != nil {
		return err
	}
	minutes, err := s.db.GatewayMinutes(ctx, f.Now.Add(-failingSpan))
	if err != nil {
		return err
	}
	lately, err := s.db.GatewayMinutes(ctx, f.Now.Add(-rateSpan))
	if err != nil {
		return err
	}
	week, err := s.db.GatewayWeek(ctx, f.Now)
	if err != nil {
		return err
	}
	f.Gateways, f.LastMinutes, f.LastHour, f.Week = found(accounts), minutes, lately, week
	return nil
}

func (s *Service) readCarriers(ctx context.Context, f *Figures) error {
	accounts, err := s.db.CarrierAccounts(ctx, models.AllMerchants())
	if err == nil {
		f.Carriers = found(accounts)
	}
	return err
}

func (s *Service) readEndpoints(ctx context.Context, f *Figures) error {
	lost, err := s.db.LostDeliveries(ctx, f.Now.Add(-lostSpan))
	if err != nil {
		return err
	}
	losers := slices.Sorted(maps.Keys(lost))
	arrived, err := s.db.ArrivedAt(ctx, f.Now.Add(-lostSpan), losers)
	if err != nil {
		return err
	}
	endpoints, err := s.db.TroubledEndpoints(ctx, losers)
	if err != nil {
		return err
	}
	f.Endpoints, f.Lost, f.Arrived = found(endpoints), lost, arrived
	return nil
}

func (s *Service) readDisputes(ctx context.Context, f *Figures) error {
	disputes, err := s.db.UrgentDisputes(ctx, f.Now.Add(farDeadline))
	if err == nil {
		f.Disputes = found(disputes)
	}
	return err
}

func (s *Service) readSystem(ctx context.Context, f *Figures) error {
	queues, err := s.db.Queues(ctx)
	if err != nil {
		return err
	}
	workers, err := s.db.WorkerSigns(ctx)
	if err != nil {
		return err
	}
	replicas, err := s.db.Replicas(ctx)
	if err != nil {
		return err
	}
	nodes, err := s.db.Nodes(ctx)
	if err != nil {
		return err
	}
	nodes = slices.DeleteFunc(nodes, func(n models.Node) bool { return !n.Alive(f.Now) })
	f.Queues, f.Workers, f.Replicas, f.Nodes = found(queues), &workers, &replicas, found(nodes)
	return nil
}

// found tells rows that are none from rows that could not be read.
func found[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}
