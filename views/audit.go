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
	Actions  []string
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

func (v AuditView) actionOptions() []ui.Option {
	options := make([]ui.Option, len(v.Actions))
	for i, action := range v.Actions {
		options[i] = ui.Option{Value: action, Label: actionName(action)}
	}
	return options
}

// actionName is an act as it is written in the log, in words: "user signed in".
func actionName(action string) string {
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
	models.PrefixDelivery: "/deliveries/", models.PrefixGatewayAccount: "/gateways/",
	models.PrefixCarrierAccount: "/carriers/", models.PrefixMerchant: "/merchants/",
}

// objectHref is the page of a thing; empty when it has none.
func objectHref(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if path, ok := objectPaths[prefix]; ok {
		return path + id
	}
	return ""
}
