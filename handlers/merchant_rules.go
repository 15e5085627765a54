package handlers

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
)

// The classes of refusals that can be tried again by themselves, as the form's
// fields are called.
const (
	laterField   = string(payments.ClassLater)
	genericField = string(payments.ClassGeneric)
)

// editRules shows what a merchant's payments do by themselves.
func (s *server) editRules(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form, err := s.rulesForm(c.UserContext(), m)
	if err != nil {
		return err
	}
	return s.renderRules(c, v, fiber.StatusOK, form, nil)
}

// rulesForm holds a merchant's rules as they stand.
func (s *server) rulesForm(ctx context.Context, m *models.Merchant) (views.RulesForm, error) {
	form := views.RulesForm{Merchant: *m}
	rules, err := s.Payments.RulesOf(ctx, m.ID)
	if err != nil {
		return form, err
	}
	form.Technical = views.Waits(rules.Technical)
	form.Later, form.Generic = views.Waits(rules.Declined[payments.ClassLater]), views.Waits(rules.Declined[payments.ClassGeneric])
	form.MaxRefusals, form.Failover = strconv.Itoa(rules.MaxRefusals), rules.Failover
	if rules.SupportRefundLimit > 0 {
		form.RefundLimit = views.Amount(rules.SupportRefundLimit, m.Currency)
	}
	accounts, err := s.DB.GatewayAccounts(ctx, models.MerchantScope(m.ID))
	if err != nil {
		return form, err
	}
	slices.SortStableFunc(accounts, func(a, b models.GatewayAccount) int { return cmp.Compare(a.Position, b.Position) })
	for i := range accounts {
		a := &accounts[i]
		form.Accounts = append(form.Accounts, views.RulesAccount{
			ID: a.ID, Name: a.Name, Kind: a.Kind, Enabled: a.Enabled, Position: strconv.Itoa(a.Position),
		})
	}
	form.Version = rulesVersion(&form)
	return form, nil
}

// rulesVersion is the same while what the form edits is.
func rulesVersion(form *views.RulesForm) string {
	stored := []string{
		form.Technical, form.Later, form.Generic, form.MaxRefusals, strconv.FormatBool(form.Failover), form.RefundLimit,
	}
	for i := range form.Accounts {
		stored = append(stored, form.Accounts[i].ID, form.Accounts[i].Position)
	}
	sum := sha256.Sum256([]byte(strings.Join(stored, "\n")))
	return hex.EncodeToString(sum[:8])
}

func (s *server) renderRules(c *fiber.Ctx, v *viewer, status int, form views.RulesForm, errs map[string]string) error {
	version := form.Version
	form.Form = s.form(c, v, errs)
	form.Version = version
	return s.render(c, status, views.RulesView(s.shell(c, v, v.Texts.T("rules.title")), form))
}

// updateRules changes what a merchant's payments do by themselves, and through
// which accounts they go first.
func (s *server) updateRules(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form, err := s.rulesForm(c.UserContext(), m)
	if err != nil {
		return err
	}
	if !sameVersion(c, form.Version) {
		return s.renderRules(c, v, fiber.StatusConflict, form, map[string]string{"": errorText(v.Texts, errChanged)})
	}
	rules, positions, errs := readRules(c, v, &form)
	if len(errs) == 0 {
		err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
			if err := s.Payments.SetRules(tx, m.ID, rules, v.actor(c)); err != nil {
				return err
			}
			return orderAccounts(tx, m, positions, v.actor(c))
		})
		errs = fieldErrors(v, err)
	}
	if len(errs) > 0 {
		return s.renderRules(c, v, fiber.StatusUnprocessableEntity, form, errs)
	}
	if err != nil {
		return err
	}
	return s.redirect(c, "/merchants/"+m.ID)
}

// readRules reads the form into what it shows when it is refused, and what is
// stored when it is not. It names all fields that cannot be read.
func readRules(c *fiber.Ctx, v *viewer, form *views.RulesForm) (payments.Rules, map[string]int, map[string]string) {
	errs := map[string]string{}
	note := func(err error) { maps.Copy(errs, fieldErrors(v, err)) }
	waits := func(name string, shown *string) []time.Duration {
		*shown = clip(field(c, name), 200)
		found, err := parseWaits(name, *shown)
		note(err)
		return found
	}
	rules := payments.Rules{Technical: waits("technical", &form.Technical), Declined: map[payments.Class][]time.Duration{
		payments.ClassLater: waits(laterField, &form.Later), payments.ClassGeneric: waits(genericField, &form.Generic),
	}}
	var err error
	form.MaxRefusals = clip(field(c, "max_refusals"), 10)
	if rules.MaxRefusals, err = strconv.Atoi(form.MaxRefusals); err != nil {
		note(models.Invalid("max_refusals", "bad_number"))
	}
	rules.Failover = field(c, "failover") != ""
	form.Failover = rules.Failover
	if form.RefundLimit = clip(field(c, "support_refund_limit"), 20); form.RefundLimit != "" {
		rules.SupportRefundLimit, err = parseAmount("support_refund_limit", form.RefundLimit, form.Merchant.Currency)
		note(err)
	}
	positions := map[string]int{}
	for i := range form.Accounts {
		a := &form.Accounts[i]
		a.Position = clip(field(c, a.Field()), 10)
		position, err := strconv.Atoi(a.Position)
		if err != nil || position < 0 || position > maxPosition {
			note(models.Invalid(a.Field(), "bad_position"))
		}
		positions[a.ID] = position
	}
	return rules, positions, errs
}

// orderAccounts stores in which order accounts are tried.
func orderAccounts(tx *models.Tx, m *models.Merchant, positions map[string]int, actor models.Actor) error {
	for _, id := range slices.Sorted(maps.Keys(positions)) {
		a, err := tx.GatewayAccount(models.MerchantScope(m.ID), id)
		if err != nil {
			return err
		}
		if a.Position == positions[id] {
			continue
		}
		before := a.Account
		a.Position = positions[id]
		if err := tx.UpdateGatewayAccount(a); err != nil {
			return err
		}
		if err := tx.Audit(actor, accountEntry(&a.Account, "account.update", changes(before, a.Account))); err != nil {
			return err
		}
	}
	return nil
}

// waitUnits are how people write waits.
var waitUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// parseWaits reads waits that a person wrote: "5s, 2m, 1h, 3d".
func parseWaits(name, text string) ([]time.Duration, error) {
	var waits []time.Duration
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		number := strings.TrimRight(part, "smhd")
		unit, known := waitUnits[part[len(number):]]
		n, err := strconv.Atoi(number)
		if err != nil || !known || n < 1 || n > 100_000 {
			return nil, models.Invalid(name, "unreadable_waits")
		}
		waits = append(waits, time.Duration(n)*unit)
	}
	return waits, nil
}
