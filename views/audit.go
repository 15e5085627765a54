package views

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// AuditView is the audit log.
type AuditView struct {
	Rows     []AuditRow
	Filter   models.AuditFilter
	After    string
	NextHref string
}

// AuditRow is one act.
type AuditRow struct {
	Entry    models.AuditEntry
	Merchant string
}

// Address is the log's, with its filter.
func (v AuditView) Address() string {
	q := url.Values{}
	for name, value := range map[string]string{"action": v.Filter.Action, "object": v.Filter.ObjectID, "actor": v.Filter.ActorID} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return "/audit"
	}
	return "/audit?" + q.Encode()
}

// actions are the acts of the log in words, in the order in which one chooses
// among them.
var actions = []struct{ name, label string }{
	{"user.sign_in", locales.Mark("audit.user_sign_in")},
	{"user.create", locales.Mark("audit.user_create")},
	{"user.set_password", locales.Mark("audit.user_set_password")},
	{"user.disable", locales.Mark("audit.user_disable")},
	{"user.enable", locales.Mark("audit.user_enable")},
	{"user.end_sessions", locales.Mark("audit.user_end_sessions")},
	{"merchant.create", locales.Mark("audit.merchant_create")},
	{"merchant.import", locales.Mark("audit.merchant_import")},
	{"settlement.import", locales.Mark("audit.settlement_import")},
	{"apikey.create", locales.Mark("audit.apikey_create")},
	{"apikey.revoke", locales.Mark("audit.apikey_revoke")},
	{"payment.retry", locales.Mark("audit.payment_retry")},
	{"bulk_retry.start", locales.Mark("audit.bulk_retry_start")},
	{"bulk_retry.pause", locales.Mark("audit.bulk_retry_pause")},
	{"bulk_retry.resume", locales.Mark("audit.bulk_retry_resume")},
	{"bulk_retry.cancel", locales.Mark("audit.bulk_retry_cancel")},
	{"replay.start", locales.Mark("audit.replay_start")},
	{"replay.pause", locales.Mark("audit.replay_pause")},
	{"replay.resume", locales.Mark("audit.replay_resume")},
	{"replay.cancel", locales.Mark("audit.replay_cancel")},
	{"payment.sync", locales.Mark("audit.payment_sync")},
	{"tracking.update", locales.Mark("audit.tracking_update")},
	{"shipment.link_renew", locales.Mark("audit.shipment_link_renew")},
	{"shipment.link_revoke", locales.Mark("audit.shipment_link_revoke")},
	{"payment.capture", locales.Mark("deeds.act_capture")},
	{"payment.void", locales.Mark("deeds.act_void")},
	{"payment.cancel", locales.Mark("deeds.act_cancel")},
	{"payment.refund", locales.Mark("deeds.act_refund")},
	{"refund.retry", locales.Mark("deeds.act_refund_retry")},
	{"refund.sync", locales.Mark("deeds.act_refund_sync")},
	{"payment.confirm_paid", locales.Mark("deeds.act_confirm_paid")},
	{"payment.confirm_not_paid", locales.Mark("deeds.act_confirm_not_paid")},
	{"payment.keep_waiting", locales.Mark("deeds.act_keep_waiting")},
	{"payment.settle_issue", locales.Mark("deeds.act_settle_issue")},
	{"payment.note", locales.Mark("deeds.act_note")},
	{"payment.claim", locales.Mark("deeds.act_claim")},
	{"payment.release", locales.Mark("deeds.act_release")},
	{"inbound.replay", locales.Mark("audit.inbound_replay")},
	{"shipment.sync", locales.Mark("audit.shipment_sync")},
	{"delivery.replay", locales.Mark("audit.delivery_replay")},
	{"order.cancel", locales.Mark("audit.order_cancel")},
	{"account.create", locales.Mark("audit.account_create")},
	{"account.update", locales.Mark("audit.account_update")},
	{"account.test", locales.Mark("audit.account_test")},
	{"account.enable", locales.Mark("audit.account_enable")},
	{"account.disable", locales.Mark("audit.account_disable")},
	{"account.pause", locales.Mark("audit.account_pause")},
	{"account.resume", locales.Mark("audit.account_resume")},
	{"account.reset", locales.Mark("audit.account_reset")},
	{"account.limit", locales.Mark("audit.account_limit")},
	{"incident.acknowledge", locales.Mark("audit.incident_acknowledge")},
	{"incident.silence", locales.Mark("audit.incident_silence")},
	{"incident.unsilence", locales.Mark("audit.incident_unsilence")},
	{"alert_rule.update", locales.Mark("audit.alert_rule_update")},
	{"alert_channel.create", locales.Mark("audit.alert_channel_create")},
	{"alert_channel.update", locales.Mark("audit.alert_channel_update")},
	{"alert_channel.delete", locales.Mark("audit.alert_channel_delete")},
	{"alert_channel.test", locales.Mark("audit.alert_channel_test")},
	{"alert_channel.ask", locales.Mark("audit.alert_channel_ask")},
	{"payment_rules.update", locales.Mark("audit.payment_rules_update")},
	{"endpoint.create", locales.Mark("audit.endpoint_create")},
	{"endpoint.update", locales.Mark("audit.endpoint_update")},
	{"endpoint.delete", locales.Mark("audit.endpoint_delete")},
	{"endpoint.pause", locales.Mark("audit.endpoint_pause")},
	{"endpoint.resume", locales.Mark("audit.endpoint_resume")},
	{"endpoint.enable", locales.Mark("audit.endpoint_enable")},
	{"endpoint.disable", locales.Mark("audit.endpoint_disable")},
	{"endpoint.test", locales.Mark("audit.endpoint_test")},
	{"endpoint.rotate_secret", locales.Mark("audit.endpoint_rotate_secret")},
	{"job.retry", locales.Mark("audit.job_retry")},
	{"job.cancel", locales.Mark("audit.job_cancel")},
	{"job.delete", locales.Mark("audit.job_delete")},
	{"queue.pause", locales.Mark("audit.queue_pause")},
	{"queue.resume", locales.Mark("audit.queue_resume")},
}

func actionOptions(ctx context.Context) []ui.Option {
	options := make([]ui.Option, len(actions))
	for i, a := range actions {
		options[i] = ui.Option{Value: a.name, Label: locales.T(ctx, a.label)}
	}
	return options
}

// actionName is an act in words; one of a newer version is written as it is.
func actionName(ctx context.Context, action string) string {
	for _, a := range actions {
		if a.name == action {
			return locales.T(ctx, a.label)
		}
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(action)
}

// details writes what an act was about, in a fixed order.
func (r AuditRow) details(ctx context.Context) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.Entry.Detail)) {
		parts = append(parts, strings.ReplaceAll(name, "_", " ")+": "+r.Entry.Detail[name])
	}
	if r.Entry.Reason != "" {
		parts = append(parts, locales.T(ctx, "common.reason")+": "+r.Entry.Reason)
	}
	return strings.Join(parts, " · ")
}

// objectPaths lead from an id's prefix to its page.
var objectPaths = map[string]string{
	models.PrefixOrder: "/orders/", models.PrefixPayment: "/payments/", models.PrefixShipment: "/shipments/",
	models.PrefixDelivery: "/deliveries/", models.PrefixReplay: ReplaysPath + "/", models.PrefixGatewayAccount: "/gateways/",
	models.PrefixInboundEvent: "/inbound/", models.PrefixBulkRetry: BulkPath + "/", models.PrefixSettlement: ReconciliationPath + "/",
	models.PrefixCarrierAccount: "/carriers/", models.PrefixMerchant: "/merchants/", models.PrefixEndpoint: "/endpoints/",
	models.PrefixIncident: IncidentsPath + "/", models.PrefixAlertChannel: ChannelsPath + "/",
}

// objectHref is the page of a thing; empty when it has none.
func objectHref(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if path, ok := objectPaths[prefix]; ok {
		return path + id
	}
	return ""
}
