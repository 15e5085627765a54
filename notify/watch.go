package notify

import (
	"context"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// Watch has figures count what the service does, and each attempt join the
// trace of its event; it is called before the first use.
func (s *Service) Watch(figures *monitor.Figures, tracer *monitor.Tracer) {
	s.figures, s.tracer = figures, tracer
}

// attempt posts a parcel once, where all who watch see it.
func (s *Service) attempt(ctx context.Context, p *parcel) outcome {
	now := s.db.Now()
	if p.secrets == nil {
		// Which is no fault of the endpoint: perhaps only this node has the wrong keys.
		return outcome{canceled: true, spared: true, attempt: models.DeliveryAttempt{StartedAt: now, Error: errUnsigned.Error()}}
	}
	ctx, span := s.tracer.Continue(ctx, "webhook", p.event.Trace, "event.type", p.event.Type, "event.id", p.event.ID,
		"delivery.id", p.delivery.ID, "endpoint.id", p.endpoint.ID)
	o := s.poster.post(ctx, p, now)
	result := o.result()
	s.figures.WebhookSent(result, time.Duration(o.attempt.LatencyMS)*time.Millisecond)
	if o.attempt.Status != 0 {
		span.Set("http.response.status_code", strconv.Itoa(o.attempt.Status))
	}
	if o.delivered {
		span.End("")
	} else {
		span.End(result)
	}
	return o
}

// result is in one word what came of an attempt.
func (o *outcome) result() string {
	switch {
	case o.delivered:
		return "delivered"
	case o.gone:
		return "gone"
	case o.attempt.Status != 0:
		return "refused"
	case o.canceled:
		return "canceled"
	case o.failure.TimedOut:
		return "timeout"
	default:
		return "unreachable"
	}
}
