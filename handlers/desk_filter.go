package handlers

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// deskFilter reads the filter from the address; what does not exist is no filter.
func (s *server) deskFilter(c *fiber.Ctx, v *viewer, choice merchantChoice) (views.DeskFilter, models.DeskFilter) {
	f := views.DeskFilter{
		Search: clip(strings.TrimSpace(c.Query("q")), maxQuestion), Merchant: choice.Ref, Provider: clip(c.Query("provider"), 40),
	}.Choose(c.Query("kind"))
	if class := c.Query("class"); slices.Contains(views.DeskClasses, class) {
		f.Class = class
	}
	query := models.DeskFilter{Kind: f.Kind, Provider: f.Provider, Class: f.Class, Search: f.Search}
	if f.Mine {
		query.ClaimedBy = v.User.ID
	}
	for _, age := range views.DeskAges {
		switch now := s.DB.Now(); {
		case c.Query("age") != age.Name:
			continue
		case age.Newer > 0:
			query.Created.From = now.Add(-age.Newer)
		default:
			query.Created.To = now.Add(-age.Older)
		}
		f.Age = age.Name
	}
	return amountFilter(c, choice, f, query)
}

// amountFilter reads the amounts, which are in one currency: those of different
// ones do not compare.
func amountFilter(
	c *fiber.Ctx, choice merchantChoice, f views.DeskFilter, query models.DeskFilter,
) (views.DeskFilter, models.DeskFilter) {
	currencies := choice.currencies()
	if len(currencies) == 0 {
		return f, query
	}
	currency := currencies[0]
	if named := c.Query("currency"); slices.Contains(currencies, named) {
		currency = named
	}
	if least, err := parseAmount("min", strings.TrimSpace(c.Query("min")), currency); err == nil {
		f.Min, query.AmountMin = views.Amount(least, currency), least
	}
	if most, err := parseAmount("max", strings.TrimSpace(c.Query("max")), currency); err == nil {
		f.Max, query.AmountMax = views.Amount(most, currency), most
	}
	if f.Min != "" || f.Max != "" {
		f.Currency, query.Currency = currency, currency
	}
	return f, query
}

// unreadAmount says whether an amount was written that the filter does not have.
func unreadAmount(c *fiber.Ctx, name, read string) bool {
	return read == "" && strings.Trim(c.Query(name), " 0.") != ""
}

// currencies are those of the merchants that are shown.
func (m merchantChoice) currencies() []string {
	var found []string
	for i := range m.Shown {
		if !slices.Contains(found, m.Shown[i].Currency) {
			found = append(found, m.Shown[i].Currency)
		}
	}
	return found
}

// providerOptions are the providers that accounts are with.
func providerOptions(accounts []models.GatewayAccount) []ui.Option {
	var options []ui.Option
	for i := range accounts {
		if option := (ui.Option{Value: accounts[i].Kind, Label: views.KindName(accounts[i].Kind)}); !slices.Contains(options, option) {
			options = append(options, option)
		}
	}
	slices.SortFunc(options, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return options
}
