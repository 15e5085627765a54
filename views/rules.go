package views

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// RulesForm is what a merchant's payments do by themselves, as it is written.
type RulesForm struct {
	Form

	Merchant    models.Merchant
	Technical   string // waits: "5s, 2m, 1h"
	Later       string
	Generic     string
	MaxRefusals string
	Failover    bool
	RefundLimit string // an amount; empty is no limit
	Accounts    []RulesAccount
}

// RulesAccount is an account with its place in the order.
type RulesAccount struct {
	ID, Name, Kind string
	Enabled        bool
	Position       string
}

// Field is the name of the form's field with the account's place.
func (a RulesAccount) Field() string { return "position_" + a.ID }

func (f RulesForm) back() string { return "/merchants/" + f.Merchant.ID }

func (f RulesForm) action() string { return f.back() + "/rules" }

// Waits writes waits as people do: "5s, 2m, 1h, 3d".
func Waits(waits []time.Duration) string {
	parts := make([]string, len(waits))
	for i, wait := range waits {
		parts[i] = waitText(wait)
	}
	return strings.Join(parts, ", ")
}

func waitText(wait time.Duration) string {
	for _, unit := range []struct {
		name string
		long time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if wait >= unit.long && wait%unit.long == 0 {
			return strconv.FormatInt(int64(wait/unit.long), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(wait/time.Second), 10) + "s"
}

// accountLabel names an account in the order.
func accountLabel(ctx context.Context, a RulesAccount) string {
	label := a.Name
	if kind := kindName(a.Kind); !strings.Contains(label, kind) {
		label += " (" + kind + ")"
	}
	if !a.Enabled {
		label += " · " + locales.Name(ctx, locales.AccountStatus, "disabled")
	}
	return label
}
