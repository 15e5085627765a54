package monitor

import (
	"time"

	"github.com/tillpost/tillpost/models"
)

// ProviderCall counts a call of a payment provider.
func (f *Figures) ProviderCall(provider, outcome string, took time.Duration) {
	if f != nil {
		f.providers.WithLabelValues(label(provider), label(outcome)).Observe(took.Seconds())
	}
}

// Guards that keep a payment from being charged twice.
const (
	GuardTaken  = "taken"  // another worker has the attempt
	GuardOpen   = "open"   // the payment has an attempt whose outcome is open
	GuardAmount = "amount" // the order would be paid more than once
)

// Guarded counts a charge that a guard held back.
func (f *Figures) Guarded(guard string) {
	if f != nil {
		f.guarded.WithLabelValues(label(guard)).Inc()
	}
}

// CarrierCall counts a request to a carrier; the class is that of its error,
// empty without. That a carrier does not know a number is an answer.
func (f *Figures) CarrierCall(carrier, class string, took time.Duration) {
	if f == nil {
		return
	}
	carrier, result := label(carrier), "ok"
	if class != "" {
		f.carrierFails.WithLabelValues(carrier, label(class)).Inc()
	}
	switch class {
	case models.CallAuth, models.CallRateLimited, models.CallUnavailable, models.CallMalformed:
		result = "error"
	}
	f.carriers.WithLabelValues(carrier, result).Observe(took.Seconds())
}

// WebhookSent counts a webhook that was sent to a merchant.
func (f *Figures) WebhookSent(result string, took time.Duration) {
	if f == nil {
		return
	}
	f.webhooks.WithLabelValues(label(result)).Inc()
	f.webhookTimes.Observe(took.Seconds())
}
