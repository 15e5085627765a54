package payments

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
)

// New is what a shop asks for.
type New struct {
	OrderID     string // or OrderNumber
	OrderNumber string
	Amount      int64 // minor units
	Currency    string
	MethodType  string
	Token       string
	Customer    string // the provider's own reference of the customer whom the token belongs to
	Gateway     string // account id; empty: the merchant's routing
	Capture     string // automatic or manual; empty: automatic
	ReturnURL   string
	Description string
	Metadata    map[string]string
}

// MethodTypes are the payment methods that a shop can name.
var MethodTypes = []string{"card", "wallet", "alipay", "wechat", "paypal", "bank_transfer"}

// Limits of texts.
const (
	maxToken       = 255
	maxDescription = 500
)

// Accept stores a payment that is certain to be attempted: its row, its first
// attempt and the job that sends it come to be in one transaction.
func (s *Service) Accept(tx *models.Tx, merchantID string, in New) (*models.Payment, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	o, err := tx.OrderByRef(models.MerchantScope(merchantID), in.OrderID, in.OrderNumber)
	if errors.Is(err, models.ErrNotFound) {
		return nil, models.Invalid(in.orderField(), "unknown_order")
	}
	if err != nil {
		return nil, err
	}
	if in.Currency != o.Currency {
		return nil, models.Invalid("currency", "currency_mismatch")
	}
	account, err := route(tx, merchantID, in.Gateway, in.MethodType)
	if err != nil {
		return nil, err
	}
	p, err := tx.CreatePayment(models.Payment{
		MerchantID: merchantID, OrderID: o.ID, GatewayAccountID: &account.ID, Amount: in.Amount, Currency: in.Currency,
		Capture: in.capture(), MethodType: in.MethodType, MethodToken: in.Token, MethodCustomer: in.Customer, ReturnURL: in.ReturnURL,
		Description: in.Description, Metadata: in.Metadata,
	})
	if err != nil {
		return nil, s.guards.guarded(err)
	}
	_, err = tx.CreateAttempt(p, models.Attempt{GatewayAccountID: &account.ID, Cause: models.CauseAPI})
	return p, err
}

func (in *New) capture() string {
	if in.Capture == "" {
		return models.CaptureAutomatic
	}
	return in.Capture
}

func (in *New) orderField() string {
	if in.OrderID != "" {
		return "order_id"
	}
	return "order_number"
}

func (in *New) check() error {
	switch {
	case in.OrderID == "" && in.OrderNumber == "":
		return models.Invalid("order_id", "required")
	case in.Amount <= 0:
		return models.Invalid("amount", "must_be_positive")
	case !models.ValidCurrency(in.Currency):
		return models.Invalid("currency", "unknown_currency")
	case !slices.Contains(MethodTypes, in.MethodType):
		return models.Invalid("method.type", "unknown_method")
	case in.MethodType == "card" && in.Token == "":
		return models.Invalid("method.token", "required")
	case len(in.Token) > maxToken:
		return models.Invalid("method.token", "too_long")
	case len(in.Customer) > maxToken:
		return models.Invalid("method.customer", "too_long")
	case utf8.RuneCountInString(in.Description) > maxDescription:
		return models.Invalid("description", "too_long")
	case in.capture() != models.CaptureAutomatic && in.Capture != models.CaptureManual:
		return models.Invalid("capture", "unknown_capture")
	}
	return in.checkCardNumbers()
}

// checkCardNumbers refuses card numbers wherever a shop might put one.
func (in *New) checkCardNumbers() error {
	if HoldsCardNumber(in.Token) {
		return models.Invalid("method.token", "card_number_refused")
	}
	if HoldsCardNumber(in.Customer) {
		return models.Invalid("method.customer", "card_number_refused")
	}
	if HoldsCardNumber(in.Description) {
		return models.Invalid("description", "card_number_refused")
	}
	for key, value := range in.Metadata {
		if HoldsCardNumber(value) {
			return models.Invalid("metadata."+strings.ToValidUTF8(key, ""), "card_number_refused")
		}
	}
	return nil
}
