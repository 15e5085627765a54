package handlers

import (
	"strings"

	"github.com/tillpost/tillpost/locales"
)

// errorKeys are the keys of the texts of all codes of errors, by the part of the API that
// gives them. The page of documentation lists them.
var errorKeys = []struct {
	title string
	keys  []string
}{
	{"Any request", []string{
		locales.Mark("api.missing_api_key"), locales.Mark("api.invalid_api_key"), locales.Mark("api.insufficient_scope"),
		locales.Mark("api.forbidden"), locales.Mark("api.not_found"), locales.Mark("api.method_not_allowed"),
		locales.Mark("api.rate_limited"), locales.Mark("api.request_timeout"), locales.Mark("api.headers_too_large"),
		locales.Mark("error.changed_meanwhile"), locales.Mark("api.unavailable"), locales.Mark("api.storing_unknown"),
		locales.Mark("api.internal"),
	}},
	{"Malformed input", []string{
		locales.Mark("api.malformed_request"), locales.Mark("api.malformed_json"), locales.Mark("api.malformed_input"),
		locales.Mark("api.malformed_value"), locales.Mark("api.body_required"), locales.Mark("api.body_not_expected"),
		locales.Mark("api.body_too_large"), locales.Mark("api.unsupported_media_type"), locales.Mark("api.unsupported_encoding"),
		locales.Mark("api.unknown_field"), locales.Mark("api.unknown_parameter"), locales.Mark("api.wrong_type"),
		locales.Mark("api.duplicate_field"), locales.Mark("api.too_deep"),
	}},
	{"Impossible input", []string{
		locales.Mark("api.invalid_input"), locales.Mark("api.required"), locales.Mark("api.too_short"), locales.Mark("api.too_long"),
		locales.Mark("api.too_small"), locales.Mark("api.too_large"), locales.Mark("api.too_many"), locales.Mark("api.unknown_value"),
		locales.Mark("api.control_character"), locales.Mark("api.bad_time"), locales.Mark("api.time_out_of_range"),
		locales.Mark("api.bad_cursor"), locales.Mark("api.bad_email"), locales.Mark("api.bad_url"), locales.Mark("error.bad_phone"),
		locales.Mark("api.metadata_key"), locales.Mark("api.unknown_currency"), locales.Mark("api.unknown_country"),
		locales.Mark("error.unknown_timezone"), locales.Mark("error.unknown_language"),
	}},
	{"Idempotency", []string{
		locales.Mark("api.idempotency_key_required"), locales.Mark("api.bad_idempotency_key"),
		locales.Mark("error.idempotency_key_reused"), locales.Mark("error.idempotency_key_in_use"), locales.Mark("api.secret_gone"),
	}},
	{"Orders", []string{
		locales.Mark("error.order_number_taken"), locales.Mark("error.order_not_open"), locales.Mark("error.order_paid"),
		locales.Mark("error.order_shipped"), locales.Mark("error.order_canceled"), locales.Mark("error.order_already_paid"),
		locales.Mark("error.order_payment_open"), locales.Mark("error.unknown_order"), locales.Mark("api.order_named_twice"),
	}},
	{"Payments", []string{
		locales.Mark("api.must_be_positive"), locales.Mark("error.amount_exceeds_due"), locales.Mark("error.currency_mismatch"),
		locales.Mark("error.unknown_method"), locales.Mark("error.unknown_capture"), locales.Mark("error.card_number_refused"),
		locales.Mark("error.unknown_gateway"), locales.Mark("error.gateway_disabled"), locales.Mark("error.no_gateway"),
		locales.Mark("error.reason_required"), locales.Mark("error.attempt_open"), locales.Mark("error.outcome_unknown"),
		locales.Mark("error.outcome_known"), locales.Mark("error.payment_not_failed"), locales.Mark("error.payment_status"),
		locales.Mark("error.retry_forbidden"), locales.Mark("error.retry_too_early"), locales.Mark("error.retry_limit"),
		locales.Mark("error.network_limit"), locales.Mark("error.issue_open"), locales.Mark("error.method_not_taken"),
		locales.Mark("error.payment_not_authorized"), locales.Mark("error.payment_not_cancelable"), locales.Mark("error.amount_out_of_range"),
	}},
	{"Refunds", []string{
		locales.Mark("error.unknown_payment"), locales.Mark("error.payment_not_paid"), locales.Mark("error.payment_disputed"),
		locales.Mark("error.refund_too_large"),
	}},
	{"Shipments", []string{
		locales.Mark("error.unknown_carrier"), locales.Mark("error.bad_tracking_number"), locales.Mark("error.unknown_direction"),
		locales.Mark("error.shipment_exists"), locales.Mark("error.no_carrier_account"), locales.Mark("error.sync_too_soon"),
		locales.Mark("error.carrier_quota_used"),
		locales.Mark("error.carrier_account_disabled"), locales.Mark("error.carrier_account_stopped"),
		locales.Mark("error.carrier_unclear"), locales.Mark("error.carrier_not_detected"),
		locales.Mark("error.carrier_account_paused"), locales.Mark("error.item_not_ordered"), locales.Mark("error.more_than_ordered"),
	}},
	{"Webhooks", []string{
		locales.Mark("error.unknown_event_type"), locales.Mark("error.unknown_endpoint"), locales.Mark("error.endpoint_disabled"),
		locales.Mark("error.endpoint_deleted"), locales.Mark("error.delivery_running"), locales.Mark("error.url_too_long"),
		locales.Mark("error.url_malformed"), locales.Mark("error.url_scheme"), locales.Mark("error.url_userinfo"),
		locales.Mark("error.url_host"), locales.Mark("error.url_port"), locales.Mark("error.url_fragment"),
		locales.Mark("error.url_private_address"), locales.Mark("error.too_many_endpoints"),
		locales.Mark("api.secret_again"),
	}},
	{"Webhooks from providers", []string{locales.Mark("api.bad_signature")}},
}

// errorTexts are the keys by code. A refusal that people see too has its text in
// the common catalogue; what only programs get wrong has it in the API's.
var errorTexts = func() map[string]string {
	texts := map[string]string{}
	for _, group := range errorKeys {
		for _, key := range group.keys {
			texts[errorCode(key)] = key
		}
	}
	return texts
}()

// apiText is the text of an error's code in the API's language.
func apiText(code string) string {
	key, ok := errorTexts[code]
	if !ok {
		key = "error." + code
	}
	return locales.For(locales.English).T(key)
}

// errorCode is the code in a key of the catalogues.
func errorCode(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
