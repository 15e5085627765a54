package payments

import (
	"slices"

	"github.com/tillpost/tillpost/models"
)

// methods are the payment methods that accounts of a kind can take.
var methods = map[string][]string{
	"stripe":  {"card", "wallet", "bank_transfer"},
	"adyen":   {"card", "wallet", "bank_transfer"},
	"paypal":  {"paypal", "wallet", "card"},
	"alipay":  {"alipay"},
	"wechat":  {"wechat"},
	"sandbox": MethodTypes,
}

// takes says whether accounts of a kind can take a payment method. Kinds that
// are not listed take all: what they cannot do, they refuse.
func takes(kind, methodType string) bool {
	list, ok := methods[kind]
	return !ok || slices.Contains(list, methodType)
}

// route chooses the account of a new payment: the one named, or the first
// enabled one of the merchant's order that takes the method.
func route(tx *models.Tx, merchantID, named, methodType string) (*models.GatewayAccount, error) {
	if named != "" {
		account, err := tx.RouteGateway(merchantID, named)
		if err == nil && !takes(account.Kind, methodType) {
			return nil, models.Invalid("gateway", "method_not_taken")
		}
		return account, err
	}
	accounts, err := tx.EnabledGateways(merchantID)
	if err != nil {
		return nil, err
	}
	for i := range accounts {
		if takes(accounts[i].Kind, methodType) {
			return &accounts[i], nil
		}
	}
	if len(accounts) > 0 {
		return nil, models.Invalid("method.type", "method_not_taken")
	}
	return nil, models.Invalid("gateway", "no_gateway")
}

// failover chooses the account through which a payment goes on after technical
// failures: the next of the merchant's order that was not tried yet. A token is
// good with providers of one kind only.
func (s *Service) failover(tx *models.Tx, p *models.Payment, charges []models.Attempt, rules Rules) (*models.GatewayAccount, error) {
	if !rules.Failover || p.GatewayAccountID == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	accounts, err := tx.EnabledGateways(p.MerchantID)
	if err != nil {
		return nil, err
	}
	kind := ""
	for i := range accounts {
		if accounts[i].ID == *p.GatewayAccountID {
			kind = accounts[i].Kind
		}
	}
	for i := range accounts {
		a := &accounts[i]
		tried := slices.ContainsFunc(charges, func(c models.Attempt) bool {
			return c.GatewayAccountID != nil && *c.GatewayAccountID == a.ID
		})
		if !tried && takes(a.Kind, p.MethodType) && (p.MethodToken == "" || a.Kind == kind) {
			return a, nil
		}
	}
	return nil, nil //nolint:nilnil // all were tried
}
