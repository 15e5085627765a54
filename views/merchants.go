package views

import (
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// MerchantsView is the list of merchants.
type MerchantsView struct{ Rows []models.Merchant }

// MerchantView is one merchant with its API keys.
type MerchantView struct {
	Merchant models.Merchant
	Rules    RulesForm
	Tracking TrackingForm
	Keys     []models.APIKey
	NextHref string
	After    string
}

// MerchantForm is a new merchant.
type MerchantForm struct {
	Form

	Name, Ref, Currency, Timezone string
}

// KeyForm is a new API key of a merchant.
type KeyForm struct {
	Form

	Merchant models.Merchant
	Name     string
	Scopes   []string
}

func (f KeyForm) has(scope string) bool { return slices.Contains(f.Scopes, scope) }

func (f KeyForm) action() string { return "/merchants/" + f.Merchant.ID + "/keys" }

// KeyView is an API key that was just made; Text is seen this once.
type KeyView struct {
	Form

	Merchant models.Merchant
	Name     string
	Text     string
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
