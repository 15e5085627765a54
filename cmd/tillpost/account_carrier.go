package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
)

// carrierFacts are what the command line tells of carrier accounts alone.
type carrierFacts struct {
	State       models.CarrierState `json:"state"`
	PausedUntil *time.Time          `json:"paused_until,omitempty"`
	CallsToday  int                 `json:"calls_today"`
	QuotaPerDay int                 `json:"quota_per_day"` // 0: none is known
	RatePerSec  float64             `json:"rate_per_second"`
	Calls24h    int64               `json:"calls_24h"`
	SuccessRate *float64            `json:"success_rate_24h"` // null without calls
	P95MS       *int64              `json:"p95_ms_24h"`
	LastError   string              `json:"last_error,omitempty"`
	LastKind    string              `json:"last_error_kind,omitempty"`
	LastErrorAt *time.Time          `json:"last_error_at,omitempty"`
}

const carrierHead = "\tSTATE\tCALLS TODAY\tANSWERED 24H\tLAST ERROR"

// columns are the facts as the list shows them.
func (f *carrierFacts) columns() string {
	calls, answered := fmt.Sprint(f.CallsToday), "-"
	if f.QuotaPerDay > 0 {
		calls += fmt.Sprintf("/%d", f.QuotaPerDay)
	}
	if f.SuccessRate != nil {
		answered = fmt.Sprintf("%.1f%% of %d", 100**f.SuccessRate, f.Calls24h)
	}
	last := f.LastKind
	if last == "" {
		last = "-"
	}
	return fmt.Sprintf("\t%s\t%s\t%s\t%s", f.State, calls, answered, last)
}

func carrierService(db *models.DB, vault *credentials.Vault, c *Config) (*carriers.Service, error) {
	log, err := c.logger()
	if err != nil {
		return nil, err
	}
	return carriers.NewService(db, vault, carrierAdapters(), carriers.Options{}, log), nil
}

// carriers lists carrier accounts with how their calls go.
func (a accounts) carriers(
	ctx context.Context, db *models.DB, c *Config, service *carriers.Service, scope models.Scope,
) ([]accountRow, error) {
	stored, err := db.CarrierAccounts(ctx, scope)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(stored))
	for i := range stored {
		ids[i] = stored[i].ID
	}
	loads, err := db.CarrierLoads(ctx, ids...)
	rows, now := make([]accountRow, len(stored)), db.Now()
	for i := range stored {
		account, load := &stored[i], loads[stored[i].ID]
		_, limits := service.LimitsOf(account)
		facts := &carrierFacts{
			State: account.State(now), CallsToday: account.CallsOn(now), QuotaPerDay: limits.PerDay, RatePerSec: limits.PerSecond,
			Calls24h: load.Calls, LastError: account.LastError, LastKind: account.LastErrorKind, LastErrorAt: account.LastErrorAt,
		}
		if facts.State == models.CarrierPaused {
			facts.PausedUntil = account.PausedUntil
		}
		if load.Calls > 0 {
			share, p95 := math.Round(10_000*float64(load.Answered)/float64(load.Calls))/10_000, load.P95.Milliseconds()
			facts.SuccessRate, facts.P95MS = &share, &p95
		}
		rows[i] = a.row(c, account.Account)
		rows[i].carrierFacts = facts
	}
	return rows, err
}

// testFacts is a test of an account for programs.
func testFacts(t models.AccountTest) map[string]any {
	facts := map[string]any{"ok": t.OK, "message": t.Message, "latency_ms": t.LatencyMS}
	if t.Kind != "" {
		facts["kind"] = t.Kind
	}
	if len(t.Scopes) > 0 {
		facts["scopes"] = t.Scopes
	}
	if t.QuotaLeft != nil {
		facts["quota_left"] = *t.QuotaLeft
	}
	return facts
}

// testText is a test that went well for people.
func testText(t models.AccountTest) string {
	text := strings.TrimSpace(fmt.Sprintf("ok in %d ms %s", t.LatencyMS, t.Message))
	if len(t.Scopes) > 0 {
		text += "; allowed: " + strings.Join(t.Scopes, ", ")
	}
	if t.QuotaLeft != nil {
		text += fmt.Sprintf("; %d left", *t.QuotaLeft)
	}
	return text
}
