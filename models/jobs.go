package models

import (
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Queues of jobs, each with its own number of workers.
const (
	QueueMoney   = "money"
	QueueCarrier = "carrier"
	QueueNotify  = "notify"
	QueueMail    = "mail"
	QueueUpkeep  = "upkeep"
)

// ChargeArgs sends one attempt to its provider.
type ChargeArgs struct {
	AttemptID string `json:"attempt_id"`
}

// Kind names the job.
func (ChargeArgs) Kind() string { return "payment.charge" }

// InsertOpts chooses the queue.
func (ChargeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 1}
}

// ReconcileArgs asks the provider what became of an attempt; Inquiry counts from 1.
type ReconcileArgs struct {
	AttemptID string `json:"attempt_id"`
	Inquiry   int    `json:"inquiry"`
}

// Kind names the job.
func (ReconcileArgs) Kind() string { return "payment.reconcile" }

// InsertOpts chooses the queue.
func (ReconcileArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 2}
}

// RetryArgs makes the next automatic attempt of a payment, unless anything
// happened after the attempt with the number After.
type RetryArgs struct {
	PaymentID string `json:"payment_id"`
	After     int    `json:"after"`
}

// Kind names the job.
func (RetryArgs) Kind() string { return "payment.retry" }

// InsertOpts chooses the queue.
func (RetryArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 2}
}

// CancelArgs ends an attempt that waits for its customer.
type CancelArgs struct {
	AttemptID string `json:"attempt_id"`
}

// Kind names the job.
func (CancelArgs) Kind() string { return "payment.cancel" }

// InsertOpts chooses the queue.
func (CancelArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 1}
}

// RefundArgs sends one refund to its provider.
type RefundArgs struct {
	RefundID string `json:"refund_id"`
}

// Kind names the job.
func (RefundArgs) Kind() string { return "refund.send" }

// InsertOpts chooses the queue.
func (RefundArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 1}
}

// ReconcileRefundArgs asks the provider what became of a refund, or sends it
// again under the same key; Inquiry counts from 1.
type ReconcileRefundArgs struct {
	RefundID string `json:"refund_id"`
	Inquiry  int    `json:"inquiry"`
}

// Kind names the job.
func (ReconcileRefundArgs) Kind() string { return "refund.reconcile" }

// InsertOpts chooses the queue.
func (ReconcileRefundArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 2}
}

// ParcelNewsArgs applies what a carrier told by webhook.
type ParcelNewsArgs struct {
	InboundID string `json:"inbound_id"`
}

// Kind names the job.
func (ParcelNewsArgs) Kind() string { return "carrier.news" }

// InsertOpts chooses the queue.
func (ParcelNewsArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueCarrier, MaxAttempts: 25, Priority: 1}
}

// InboundArgs applies what a provider told by webhook.
type InboundArgs struct {
	InboundID string `json:"inbound_id"`
}

// Kind names the job.
func (InboundArgs) Kind() string { return "inbound.apply" }

// InsertOpts chooses the queue.
func (InboundArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 1}
}

// CatchUpArgs asks the provider of one account for webhooks that got lost;
// without an account it has each account's asked by a job of its own.
type CatchUpArgs struct {
	AccountID string `json:"account_id,omitempty"`
}

// Kind names the job.
func (CatchUpArgs) Kind() string { return "inbound.catch_up" }

// InsertOpts chooses the queue.
func (a CatchUpArgs) InsertOpts() river.InsertOpts {
	opts := upkeepOpts()
	if a.AccountID != "" { // a provider that hangs must not keep upkeep waiting
		opts.Queue, opts.Priority = QueueMoney, 4
	}
	return opts
}

// BulkRetryArgs makes the next retries of a bulk retry.
type BulkRetryArgs struct {
	BulkRetryID string `json:"bulk_retry_id"`
}

// Kind names the job.
func (BulkRetryArgs) Kind() string { return "payment.bulk_retry" }

// InsertOpts chooses the queue.
func (BulkRetryArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMoney, MaxAttempts: 25, Priority: 3}
}

// RescueArgs finds attempts whose worker died and has them reconciled.
type RescueArgs struct{}

// Kind names the job.
func (RescueArgs) Kind() string { return "payment.rescue" }

// InsertOpts chooses the queue.
func (RescueArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// SweepArgs finds parcels that are due and has them polled.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "shipment.sweep" }

// InsertOpts chooses the queue.
func (SweepArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// OverdueArgs finds parcels late that no poll will find so.
type OverdueArgs struct{}

// Kind names the job.
func (OverdueArgs) Kind() string { return "shipment.overdue" }

// InsertOpts chooses the queue.
func (OverdueArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// PollArgs asks one carrier account for some parcels; Manual when a person
// wants to know.
type PollArgs struct {
	AccountID   string   `json:"account_id"`
	ShipmentIDs []string `json:"shipment_ids"`
	Manual      bool     `json:"manual,omitempty"`
}

// Kind names the job.
func (PollArgs) Kind() string { return "shipment.poll" }

// InsertOpts chooses the queue. People and webhooks do not wait for the rest.
func (a PollArgs) InsertOpts() river.InsertOpts {
	if a.Manual {
		return river.InsertOpts{Queue: QueueCarrier, MaxAttempts: 3, Priority: 1}
	}
	return river.InsertOpts{Queue: QueueCarrier, MaxAttempts: 3, Priority: 3}
}

// FollowArgs gives a carrier account the parcels that nobody could ask about so far.
type FollowArgs struct {
	AccountID string `json:"account_id"`
}

// Kind names the job.
func (FollowArgs) Kind() string { return "carrier.follow" }

// InsertOpts chooses the queue.
func (FollowArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 25}
}

// DeliverArgs was the job of one delivery. Deliveries are a queue of their own
// now; those that an earlier version has enqueued find it done.
type DeliverArgs struct {
	DeliveryID string `json:"delivery_id"`
}

// Kind names the job.
func (DeliverArgs) Kind() string { return "webhook.deliver" }

// InsertOpts chooses the queue.
func (DeliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueNotify, MaxAttempts: 25}
}

// EndpointDisabledArgs told of an endpoint that was disabled. Nobody makes them
// any more.
type EndpointDisabledArgs struct {
	EndpointID string `json:"endpoint_id"`
	Reason     string `json:"reason"`
}

// Kind names the job.
func (EndpointDisabledArgs) Kind() string { return "endpoint.disabled" }

// InsertOpts chooses the queue.
func (EndpointDisabledArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueNotify, MaxAttempts: 25}
}

// ReplayArgs makes the next step of a replay.
type ReplayArgs struct {
	ReplayID string `json:"replay_id"`
}

// Kind names the job.
func (ReplayArgs) Kind() string { return "webhook.replay" }

// InsertOpts chooses the queue: a step takes no time, and must not wait behind
// the deliveries that it has made.
func (ReplayArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 25}
}

// RescueReplaysArgs finds replays whose job was lost and gives them another.
type RescueReplaysArgs struct{}

// Kind names the job.
func (RescueReplaysArgs) Kind() string { return "webhook.rescue_replays" }

// InsertOpts chooses the queue.
func (RescueReplaysArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// RescueDeliveriesArgs was the job that looked for deliveries whose job was
// lost. Nodes of an earlier version still enqueue it.
type RescueDeliveriesArgs struct{}

// Kind names the job.
func (RescueDeliveriesArgs) Kind() string { return "webhook.rescue" }

// InsertOpts chooses the queue.
func (RescueDeliveriesArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// CustomerMailArgs sends a mail to a customer.
type CustomerMailArgs struct {
	MailID string `json:"mail_id"`
}

// Kind names the job.
func (CustomerMailArgs) Kind() string { return "mail.send" }

// InsertOpts chooses the queue.
func (CustomerMailArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMail, MaxAttempts: 25}
}

// RescueMailsArgs finds mails to customers whose job was lost.
type RescueMailsArgs struct{}

// Kind names the job.
func (RescueMailsArgs) Kind() string { return "mail.rescue" }

// InsertOpts chooses the queue.
func (RescueMailsArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// FoldStatsArgs folds counted changes into the daily figures.
type FoldStatsArgs struct{}

// Kind names the job.
func (FoldStatsArgs) Kind() string { return "stats.fold" }

// InsertOpts chooses the queue.
func (FoldStatsArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// PruneArgs deletes what is past its retention.
type PruneArgs struct{}

// Kind names the job.
func (PruneArgs) Kind() string { return "upkeep.prune" }

// InsertOpts chooses the queue.
func (PruneArgs) InsertOpts() river.InsertOpts { return upkeepOpts() }

// upkeepOpts is for periodic jobs: of each kind one at a time on all nodes, as
// one that takes longer than its period would otherwise run beside itself until
// no worker is left. There is no point in repeating a failed run that the next
// period repeats anyway. A run whose node died is in the way of the next until
// River finds it, after workers.Options.RescueAfter.
func upkeepOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: QueueUpkeep, MaxAttempts: 1,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	}
}
