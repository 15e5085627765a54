package views

import (
	"context"
	"strconv"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// Plain writes a number without groups, as in an id.
func Plain[N ~int | ~int64](n N) string { return strconv.FormatInt(int64(n), 10) }

func noneIsBad(n int) ui.Tone {
	if n == 0 {
		return ui.Danger
	}
	return ui.Success
}

func dialectName(ctx context.Context, d models.DatabaseState) string {
	if d.Dialect == models.SQLite {
		return locales.T(ctx, "operations.sqlite", "Version", d.Version)
	}
	return "PostgreSQL " + d.Version
}

// backup says how old the newest backup is.
func (v OperationsView) backup(ctx context.Context) string {
	switch {
	case !v.BackupKept:
		return locales.T(ctx, "operations.backup_untold")
	case v.BackupAge < 0:
		return locales.T(ctx, "operations.backup_none")
	default:
		return locales.T(ctx, "operations.backup_age", "Age", Duration(ctx, v.BackupAge))
	}
}

// state is whether the account calls.
func (a GuardedAccount) state(ctx context.Context) ui.BadgeProps {
	if a.Gateway == nil {
		state := carrierStates[a.Carrier]
		text := locales.T(ctx, "operations.calls_go")
		if state.title != "" {
			text = locales.FromContext(ctx).T(state.title)
		}
		return ui.BadgeProps{Text: text, Tone: state.tone, Icon: state.icon}
	}
	switch {
	case a.Gateway.Open:
		return ui.BadgeProps{Text: locales.T(ctx, "operations.breaker_open"), Tone: ui.Danger, Icon: "circle-pause"}
	case a.Gateway.Probing:
		return ui.BadgeProps{Text: locales.T(ctx, "operations.breaker_probing"), Tone: ui.Warning, Icon: "hourglass"}
	default:
		return ui.BadgeProps{Text: locales.T(ctx, "operations.calls_go"), Tone: ui.Success, Icon: "circle-check"}
	}
}

// calls is how much of what the account may do it does.
func (a GuardedAccount) calls(ctx context.Context) string {
	if a.Gateway == nil {
		return locales.T(ctx, "operations.carrier_calls", "Count", Number(a.CallsToday))
	}
	g := a.Gateway
	return locales.T(ctx, "operations.gateway_calls", "Used", Number(g.Used), "Limit", Number(g.Limit), "Busy", Number(g.Busy), "Places", Number(g.Places),
		"Failures", Number(g.Failures), "Trips", Number(g.Trips))
}
