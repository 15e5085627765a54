package handlers

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// merchantChoice is whose rows a list shows: a merchant's user sees their own,
// staff those of all merchants or of the one that the address names.
type merchantChoice struct {
	Scope   models.Scope
	Shown   []models.Merchant // whose rows the scope holds
	Ref     string            // of the merchant that is named; empty: all that the viewer sees
	Options []views.MerchantOption
	Names   map[string]string // by id; staff only
	Staff   bool
}

// chooseMerchant reads the choice from the address; a merchant that does not
// exist is no choice.
func (s *server) chooseMerchant(c *fiber.Ctx, v *viewer) (merchantChoice, error) {
	choice := merchantChoice{Scope: v.Scope, Staff: v.Merchant == nil}
	if !choice.Staff {
		choice.Shown = []models.Merchant{*v.Merchant}
		return choice, nil
	}
	all, err := s.DB.Merchants(c.UserContext(), v.Scope)
	if err != nil {
		return choice, err
	}
	named := c.Query("merchant")
	choice.Shown = all
	choice.Names = make(map[string]string, len(all))
	for _, m := range all {
		choice.Names[m.ID] = m.Name
		choice.Options = append(choice.Options, views.MerchantOption{Ref: m.Ref, Name: m.Name})
		if named != "" && m.Ref == named {
			choice.Ref, choice.Scope, choice.Shown = m.Ref, v.Scope.Narrow(m.ID), []models.Merchant{m}
		}
	}
	return choice, nil
}

// name is whose row it is, for staff; merchants know.
func (m merchantChoice) name(id string) string { return m.Names[id] }

// chosenDays reads ?from= and ?to=, days of the viewer's zone, both inclusive.
// What is no day does not narrow.
func chosenDays(c *fiber.Ctx, v *viewer) (from, to string, span models.Span) {
	if day, err := time.ParseInLocation(time.DateOnly, c.Query("from"), v.Zone); err == nil {
		from, span.From = day.Format(time.DateOnly), day
	}
	if day, err := time.ParseInLocation(time.DateOnly, c.Query("to"), v.Zone); err == nil {
		to, span.To = day.Format(time.DateOnly), day.AddDate(0, 0, 1)
	}
	return from, to, span
}

// newRows is how many rows a list counts that came in since it was loaded.
const newRows = 20

// countUnseen counts the rows of a list's first page, newest first, that the
// list as it was loaded does not show. Rows at its end may have moved up from
// the next page, which is nothing new.
func countUnseen(c *fiber.Ctx, ids []string) (count int, more bool) {
	shown := views.ReadSeen(c.Query("seen"))
	last := c.Query("last")
	for _, id := range ids {
		if id < last || shown.Has(id) {
			continue
		}
		if count == newRows {
			return count, true
		}
		count++
	}
	return count, false
}
