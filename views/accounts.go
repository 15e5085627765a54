package views

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// The lists of accounts.
const (
	GatewaysPath = "/gateways"
	CarriersPath = "/carriers"
)

// AccountsView is the list of payment or of carrier accounts.
type AccountsView struct {
	Base      string // GatewaysPath or CarriersPath
	Rows      []AccountRow
	Merchant  string // ref of the merchant that is chosen
	Merchants []MerchantOption
	Admin     bool // configures; support sees health only
}

func (v AccountsView) carriers() bool { return v.Base == CarriersPath }

// topics are what the list renews itself for.
func (v AccountsView) topics() string {
	if v.carriers() {
		return "account carrier_call"
	}
	return "account"
}

func (v AccountsView) title(ctx context.Context) string { return AccountsTitle(ctx, v.Base) }

// AccountsTitle is the name of a list of accounts.
func AccountsTitle(ctx context.Context, base string) string {
	if base == CarriersPath {
		return locales.T(ctx, "nav.carriers")
	}
	return locales.T(ctx, "nav.gateways")
}

func (v AccountsView) subtitle(ctx context.Context) string {
	if v.carriers() {
		return locales.T(ctx, "accounts.carriers_subtitle")
	}
	return locales.T(ctx, "accounts.gateways_subtitle")
}

// AccountRow is one account with its health.
type AccountRow struct {
	Account  models.Account
	Carrier  *CarrierHealth // of carrier accounts
	Gateway  *GatewayHealth // of payment accounts
	Merchant string
}

// GatewayHealth is how the provider of a payment account is protected.
type GatewayHealth struct {
	Open, Probing bool // the breaker; neither is closed
	OpenUntil     time.Time
	Failures      int // in a row
	Trips         int // failures in a row that open the breaker
	Busy, Places  int // calls at the same time
	Used, Limit   int // requests a second
	LimitText     string
	LimitError    string // of a limit that was refused
}

// limit is what the field of the limit holds.
func (g GatewayHealth) limit() string {
	if g.LimitError != "" {
		return g.LimitText
	}
	return strconv.Itoa(g.Limit)
}

// status is the account's state in one word.
func (r AccountRow) status() (name string, shown look) {
	switch {
	case r.Carrier != nil && r.Carrier.State == models.CarrierWorks && r.Carrier.Load.Calls == 0:
		return "enabled", carrierStates[models.CarrierWorks].look
	case r.Carrier != nil:
		return string(r.Carrier.State), carrierStates[r.Carrier.State].look
	case !r.Account.Enabled:
		return "disabled", look{ui.Neutral, "ban"}
	case r.Gateway != nil && r.Gateway.Open:
		return "breaker_open", look{ui.Danger, "circle-pause"}
	case r.Gateway != nil && r.Gateway.Probing:
		return "probing", look{ui.Warning, "hourglass"}
	default:
		return "enabled", look{ui.Success, "circle-check"}
	}
}

// tested is how the last test of the connection went.
func (r AccountRow) tested() (name string, shown look) {
	switch {
	case r.Account.TestedAt == nil:
		return "untested", look{ui.Neutral, "circle-dashed"}
	case r.Account.TestOK:
		return "ok", look{ui.Success, "plug-zap"}
	default:
		return "error", look{ui.Danger, "unplug"}
	}
}

// AccountView is one account.
type AccountView struct {
	AccountRow

	Base   string
	Admin  bool   // configures; support sees health only
	Hook   string // where the provider sends its webhooks; empty: nowhere
	Form   AccountForm
	Limits LimitsForm // of carrier accounts
}

func (v AccountView) address() string { return v.Base + "/" + v.Account.ID }

// live are the attributes by which the account's health renews itself.
func (v AccountView) live() templ.Attributes {
	if v.Carrier == nil {
		return nil
	}
	return ui.LiveAttrs(ui.Live{Topics: "account:" + v.Account.ID + " carrier_call:" + v.Account.ID, URL: v.address(), Every: "2s", Sync: true})
}

// AccountForm makes or edits an account.
type AccountForm struct {
	Form

	Base     string
	ID       string // empty for a new one
	Kind     string
	Name     string
	BaseURL  string
	Position string
	Fields   []AccountField
	Merchant string // its ref
	Owner    string // its name
}

func (f AccountForm) action() string {
	if f.ID == "" {
		return f.Base
	}
	return f.Base + "/" + f.ID
}

// AccountField is one value that accounts of a kind need.
type AccountField struct {
	Name      string
	Secret    bool
	Optional  bool
	Multiline bool
	Value     string             // of fields that are no secrets
	Hint      *models.SecretHint // of a secret that is stored
}

// FieldPrefix is what the names of an account's fields begin with in forms, so
// that none is mistaken for another input.
const FieldPrefix = "field_"

// KindForm chooses what a new account is of.
type KindForm struct {
	Form

	Base      string
	Merchant  string
	Merchants []MerchantOption
	Kinds     []string
	Kind      string
}

func (f AccountForm) nameHint(ctx context.Context) string {
	if f.Base == CarriersPath {
		return locales.T(ctx, "accounts.carrier_name_hint")
	}
	return locales.T(ctx, "accounts.name_hint")
}

func (f KindForm) action() string { return f.Base + "/new" }

// providerNames are the names of payment providers, which are the same in every
// language.
var providerNames = map[string]string{"stripe": "Stripe", "adyen": "Adyen", "paypal": "PayPal", "alipay": "Alipay", "wechat": "WeChat Pay"}

// KindName is the name of a provider or carrier by its code.
func KindName(code string) string { return kindName(code) }

// kindName is the name of a provider or carrier by its code.
func kindName(code string) string {
	if name := cmp.Or(providerNames[code], detect.Name(code)); name != code {
		return name
	}
	return strings.ReplaceAll(code, "_", " ")
}

func kindOptions(codes []string) []ui.Option {
	options := make([]ui.Option, len(codes))
	for i, code := range codes {
		options[i] = ui.Option{Value: code, Label: kindName(code)}
	}
	return options
}

// fieldLabels are the names of accounts' fields.
var fieldLabels = map[string]string{
	"secret_key":             locales.Mark("accounts.field_secret_key"),
	"webhook_secret":         locales.Mark("accounts.field_webhook_secret"),
	"api_key":                locales.Mark("accounts.field_api_key"),
	"token":                  locales.Mark("accounts.field_token"),
	"merchant_account":       locales.Mark("accounts.field_merchant_account"),
	"hmac_key":               locales.Mark("accounts.field_hmac_key"),
	"live_prefix":            locales.Mark("accounts.field_live_prefix"),
	"client_id":              locales.Mark("accounts.field_client_id"),
	"client_secret":          locales.Mark("accounts.field_client_secret"),
	"webhook_id":             locales.Mark("accounts.field_webhook_id"),
	"app_id":                 locales.Mark("accounts.field_app_id"),
	"private_key":            locales.Mark("accounts.field_private_key"),
	"alipay_public_key":      locales.Mark("accounts.field_alipay_public_key"),
	"mchid":                  locales.Mark("accounts.field_mchid"),
	"appid":                  locales.Mark("accounts.field_appid"),
	"serial_no":              locales.Mark("accounts.field_serial_no"),
	"apiv3_key":              locales.Mark("accounts.field_apiv3_key"),
	"platform_public_key":    locales.Mark("accounts.field_platform_public_key"),
	"platform_public_key_id": locales.Mark("accounts.field_platform_public_key_id"),
	"username":               locales.Mark("accounts.field_username"),
	"password":               locales.Mark("accounts.field_password"),
	"account_number":         locales.Mark("accounts.field_account_number"),
	"delis_id":               locales.Mark("accounts.field_delis_id"),
	"partner_id":             locales.Mark("accounts.field_partner_id"),
	"checkword":              locales.Mark("accounts.field_checkword"),
	"customer":               locales.Mark("accounts.field_customer"),
	"key":                    locales.Mark("accounts.field_key"),
	"salt":                   locales.Mark("accounts.field_salt"),
}

func (f AccountField) label(ctx context.Context) string {
	if key, ok := fieldLabels[f.Name]; ok {
		return locales.FromContext(ctx).T(key)
	}
	return strings.ReplaceAll(f.Name, "_", " ")
}

func (f AccountField) input() string { return FieldPrefix + f.Name }

// last4, setBy and setAt tell of a stored secret what may be told.
func (f AccountField) last4() string {
	if f.Hint == nil {
		return ""
	}
	return f.Hint.Last4
}

func (f AccountField) setBy() string {
	if f.Hint == nil {
		return ""
	}
	return f.Hint.SetBy
}
