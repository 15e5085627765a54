package locales

import (
	"context"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// Count is the argument that chooses between singular and plural forms.
const Count = "Count"

// T returns the text of a key in the viewer's language. The arguments are
// pairs of a placeholder's name and its value; the one named "Count" also
// chooses the plural form, be it a number or the text of one. A key must be written out where T is called,
// because a test reads the sources to prove that every language has it.
func T(ctx context.Context, key string, args ...any) string {
	return FromContext(ctx).T(key, args...)
}

// T returns the text of a key; see the function of the same name.
func (l *Localizer) T(key string, args ...any) string {
	config := i18n.LocalizeConfig{MessageID: key}
	if len(args) > 0 {
		data := make(map[string]any, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			name, _ := args[i].(string) // a wrong name leaves its placeholder empty
			data[name] = args[i+1]
		}
		config.TemplateData = data
		config.PluralCount = pluralCount(data[Count])
	}
	text, err := l.texts.Localize(&config)
	if err != nil && text == "" {
		return key // shown rather than hidden: the tests keep it from happening
	}
	return text
}

// pluralCount is the number that chooses the form. A count may also be given as
// it is shown: "1", "1,234" or "10,000+". What is more than digits is many.
func pluralCount(count any) any {
	shown, isText := count.(string)
	if !isText {
		return count
	}
	n, err := strconv.Atoi(shown)
	if err != nil {
		return nil // the form for others, in every language
	}
	return n
}

// Group is a family of names for the values of one enumeration.
type Group string

// The enumerations that people see the names of.
const (
	PaymentStatus  Group = "payment"
	AttemptStatus  Group = "attempt"
	AttemptKind    Group = "attempt_kind"
	AttemptTrigger Group = "attempt_trigger"
	RefundStatus   Group = "refund"
	DisputeStatus  Group = "dispute"
	InboundStatus  Group = "inbound"
	Issue          Group = "issue"
	BulkStatus     Group = "bulk"
	BulkTurn       Group = "bulk_turn"
	ReplayKind     Group = "replay_kind"
	SendCause      Group = "send_cause"
	CallPurpose    Group = "call"
	OrderStatus    Group = "order"
	PaymentState   Group = "payment_state"
	ShippingState  Group = "shipping_state"
	DeclineClass   Group = "decline"
	ShipmentStatus Group = "shipment"
	ShipmentReason Group = "reason"
	TrackStatus    Group = "track"
	MailKind       Group = "mail"
	MailState      Group = "mail_state"
	MailReason     Group = "mail_reason"
	SyncError      Group = "sync_error"
	Trouble        Group = "trouble"
	DeliveryStatus Group = "delivery"
	EndpointStatus Group = "endpoint"
	AccountStatus  Group = "account"
	EventType      Group = "event"
	EventText      Group = "event_text"
	SettlementKind Group = "settlement"
	Difference     Group = "difference"
	Role           Group = "role"
	AlertRule      Group = "alert_rule"
	AlertLimit     Group = "alert_limit"
	AlertMessage   Group = "alert_message"
	AlertState     Group = "alert_state"
	AlertFailure   Group = "alert_failure"
	AlertChannel   Group = "channel"
	Severity       Group = "severity"
	IncidentState  Group = "incident"
)

// Groups lists every group.
func Groups() []Group {
	return []Group{
		PaymentStatus, AttemptStatus, AttemptKind, AttemptTrigger, RefundStatus, DisputeStatus, InboundStatus, Issue, BulkStatus, BulkTurn,
		ReplayKind, SendCause, CallPurpose,
		OrderStatus, PaymentState, ShippingState, DeclineClass,
		ShipmentStatus, ShipmentReason, SyncError, Trouble, TrackStatus, MailKind, MailState, MailReason,
		DeliveryStatus, EndpointStatus, AccountStatus, EventType, EventText, SettlementKind, Difference, Role,
		AlertRule, AlertLimit, AlertMessage, AlertState, AlertFailure, AlertChannel, Severity, IncidentState,
	}
}

// Name returns the name of an enumeration's value in the viewer's language. A
// value without a name, say of a newer version, is shown as plain words.
func Name[V ~string](ctx context.Context, group Group, value V) string {
	key := "status." + string(group) + "." + string(value)
	text, err := FromContext(ctx).texts.Localize(&i18n.LocalizeConfig{MessageID: key})
	if err == nil || text != "" {
		return text
	}
	return strings.ReplaceAll(string(value), "_", " ")
}

// Mark returns its key unchanged: it tells the tests that a key stands here
// as data, to be looked up with T later.
func Mark(key string) string { return key }
