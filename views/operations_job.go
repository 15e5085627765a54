package views

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// What administrators do with jobs and queues; also the ends of the addresses.
const (
	JobRetry    = "retry"
	JobCancel   = "cancel"
	JobDelete   = "delete"
	QueuePause  = "pause"
	QueueResume = "resume"
)

// JobActs and QueueActs list them.
var (
	JobActs   = []string{JobRetry, JobCancel, JobDelete}
	QueueActs = []string{QueuePause, QueueResume}
)

// operationActs are their words.
var operationActs = map[string]struct{ title, text, label, done, icon string }{
	JobRetry: {
		locales.Mark("operations.retry_title"), locales.Mark("operations.retry_text"), locales.Mark("operations.retry"),
		locales.Mark("operations.retry_done"), "rotate-ccw",
	},
	JobCancel: {
		locales.Mark("operations.cancel_title"), locales.Mark("operations.cancel_text"), locales.Mark("operations.cancel"),
		locales.Mark("operations.cancel_done"), "ban",
	},
	JobDelete: {
		locales.Mark("operations.delete_title"), locales.Mark("operations.delete_text"), locales.Mark("operations.delete"),
		locales.Mark("operations.delete_done"), "trash-2",
	},
	QueuePause: {
		locales.Mark("operations.pause_title"), locales.Mark("operations.pause_text"), locales.Mark("operations.pause"),
		locales.Mark("operations.pause_done"), "pause",
	},
	QueueResume: {
		locales.Mark("operations.resume_title"), locales.Mark("operations.resume_text"), locales.Mark("operations.resume"),
		locales.Mark("operations.resume_done"), "play",
	},
}

// OperationForm asks before something is done with a job or a queue.
type OperationForm struct {
	Form

	Act    string
	Job    *models.Job
	Queue  string
	Reason string
}

// JobActForm asks about a job.
func JobActForm(job models.Job, act string) OperationForm {
	return OperationForm{Act: act, Job: &job, Queue: job.Queue}
}

// QueueActForm asks about a queue; false when there is none of that name.
func QueueActForm(queue, act string) (OperationForm, bool) {
	_, ok := queueNames[queue]
	return OperationForm{Act: act, Queue: queue}, ok
}

// Title is the question.
func (f OperationForm) Title(ctx context.Context) string {
	name := queueName(ctx, f.Queue)
	if f.Job != nil {
		name = JobName(ctx, f.Job.Kind)
	}
	return locales.FromContext(ctx).T(operationActs[f.Act].title, "Name", name)
}

// Done is what is said when it was done.
func (f OperationForm) Done(ctx context.Context) string {
	return locales.FromContext(ctx).T(operationActs[f.Act].done)
}

// Leaves says whether what was asked about is gone afterwards.
func (f OperationForm) Leaves() bool { return f.Job != nil }

func (f OperationForm) text(ctx context.Context) string {
	return locales.FromContext(ctx).T(operationActs[f.Act].text)
}

func (f OperationForm) label(ctx context.Context) string {
	return locales.FromContext(ctx).T(operationActs[f.Act].label)
}

func (f OperationForm) back() string {
	if f.Job != nil {
		return jobPath(f.Job.ID)
	}
	return OperationsPath
}

func (f OperationForm) action() string {
	if f.Job != nil {
		return jobPath(f.Job.ID) + "/" + f.Act
	}
	return QueuesPath + "/" + f.Queue + "/" + f.Act
}

func (f OperationForm) destroys() bool { return f.Act == JobCancel || f.Act == JobDelete }

func jobPath(id int64) string { return JobsPath + "/" + strconv.FormatInt(id, 10) }

// JobView is one background job.
type JobView struct{ Job models.Job }

// Title names the job.
func (v JobView) Title(ctx context.Context) string { return JobName(ctx, v.Job.Kind) }

// acts are what can be done with the job now.
func (v JobView) acts() []string {
	var acts []string
	for _, act := range []struct {
		name string
		may  bool
	}{{JobRetry, v.Job.Retryable()}, {JobCancel, v.Job.Cancelable()}, {JobDelete, v.Job.Deletable()}} {
		if act.may {
			acts = append(acts, act.name)
		}
	}
	return acts
}

// jobNames are the kinds of jobs in words.
var jobNames = map[string]string{
	"payment.charge": locales.Mark("operations.job_payment_charge"), "payment.reconcile": locales.Mark("operations.job_payment_reconcile"),
	"payment.retry": locales.Mark("operations.job_payment_retry"), "payment.cancel": locales.Mark("operations.job_payment_cancel"),
	"payment.bulk_retry": locales.Mark("operations.job_payment_bulk_retry"), "payment.rescue": locales.Mark("operations.job_payment_rescue"),
	"refund.send": locales.Mark("operations.job_refund_send"), "refund.reconcile": locales.Mark("operations.job_refund_reconcile"),
	"inbound.apply": locales.Mark("operations.job_inbound_apply"), "inbound.catch_up": locales.Mark("operations.job_inbound_catch_up"),
	"carrier.news": locales.Mark("operations.job_carrier_news"), "carrier.follow": locales.Mark("operations.job_carrier_follow"),
	"shipment.sweep": locales.Mark("operations.job_shipment_sweep"), "shipment.overdue": locales.Mark("operations.job_shipment_overdue"),
	"shipment.poll": locales.Mark("operations.job_shipment_poll"), "webhook.deliver": locales.Mark("operations.job_webhook_deliver"),
	"webhook.replay": locales.Mark("operations.job_webhook_replay"), "endpoint.disabled": locales.Mark("operations.job_endpoint_disabled"),
	"webhook.rescue":         locales.Mark("operations.job_webhook_rescue"),
	"webhook.rescue_replays": locales.Mark("operations.job_webhook_rescue_replays"), "mail.send": locales.Mark("operations.job_mail_send"),
	"mail.rescue": locales.Mark("operations.job_mail_rescue"), "stats.fold": locales.Mark("operations.job_stats_fold"),
	"upkeep.prune": locales.Mark("operations.job_upkeep_prune"),
}

// JobName is a kind of job in words; one of a newer version is written as it is.
func JobName(ctx context.Context, kind string) string {
	if key, ok := jobNames[kind]; ok {
		return locales.FromContext(ctx).T(key)
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(kind)
}

var jobStates = map[string]struct {
	label string
	look  look
}{
	models.JobAvailable: {locales.Mark("operations.state_available"), look{ui.Info, "hourglass"}},
	models.JobRunning:   {locales.Mark("operations.state_running"), look{ui.Info, "loader"}},
	models.JobRetryable: {locales.Mark("operations.state_retryable"), look{ui.Warning, "repeat"}},
	models.JobScheduled: {locales.Mark("operations.state_scheduled"), look{ui.Neutral, "clock"}},
	models.JobDiscarded: {locales.Mark("operations.state_discarded"), look{ui.Danger, "circle-x"}},
	models.JobCanceled:  {locales.Mark("operations.state_cancelled"), look{ui.Neutral, "ban"}},
}

func jobState(ctx context.Context, state string) ui.BadgeProps {
	known, ok := jobStates[state]
	if !ok {
		return ui.BadgeProps{Text: locales.T(ctx, "operations.state_done"), Tone: ui.Success}
	}
	return ui.BadgeProps{Text: locales.FromContext(ctx).T(known.label), Tone: known.look.tone, Icon: known.look.icon}
}

// jobTroubles tell by parts of an error's text what people can do with.
var jobTroubles = []struct{ parts, key string }{
	{"disk is full|no space left|53100", locales.Mark("operations.trouble_disk")},
	{"panick", locales.Mark("operations.trouble_bug")},
	{"deadline exceeded|timeout|timed out", locales.Mark("operations.trouble_slow")},
	{
		"connection refused|connection reset|broken pipe|no such host|unreachable|57P0|SQLSTATE 08|bad connection|failed to connect",
		locales.Mark("operations.trouble_away"),
	},
	{"database is locked|SQLITE_BUSY|40001|40P01", locales.Mark("operations.trouble_busy")},
	{"context canceled", locales.Mark("operations.trouble_stopped")},
	{"cannot be opened|decrypt", locales.Mark("operations.trouble_key")},
}

// jobTrouble says in plain words why a job failed.
func jobTrouble(ctx context.Context, text string) string {
	for _, trouble := range jobTroubles {
		for part := range strings.SplitSeq(trouble.parts, "|") {
			if strings.Contains(text, part) {
				return locales.FromContext(ctx).T(trouble.key)
			}
		}
	}
	return locales.T(ctx, "operations.trouble_other")
}

// longestError is how much of an error is shown.
const longestError = 400

func shownError(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if runes := []rune(text); len(runes) > longestError {
		return string(runes[:longestError]) + "…"
	}
	return text
}

// next is when the job is tried again; nil when it is not.
func (v JobView) next() *time.Time {
	if v.Job.State == models.JobRetryable || v.Job.State == models.JobScheduled {
		return &v.Job.ScheduledAt
	}
	return nil
}
