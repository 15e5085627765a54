package views

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// RulesPath is where the rules of alerts are listed.
const RulesPath = "/alerts/rules"

// AlertRulesView lists the rules.
type AlertRulesView struct {
	Rows   []AlertRuleRow
	Editor bool
}

// AlertRuleRow is a rule as it is set.
type AlertRuleRow struct {
	Kind     string
	Severity string
	Enabled  bool
	Shared   bool // merchants are told of their own
	Limits   []AlertLimit
	Changed  models.AlertRule // who changed it last; zero: nobody has
}

// AlertLimit is a threshold of a rule.
type AlertLimit struct {
	Name              string
	Unit              string // seconds, count, percent
	Value             int64
	Default, Min, Max int64
	Text              string // as somebody wrote it; empty: Value
}

// Field is the name of the form's field with the limit.
func (l AlertLimit) Field() string { return l.Name }

// written is the value in the form's field.
func (l AlertLimit) written() string {
	if l.Text != "" {
		return l.Text
	}
	return l.text(l.Value)
}

func (l AlertLimit) text(value int64) string {
	if l.Unit == "seconds" {
		return waitText(time.Duration(value) * time.Second)
	}
	return strconv.FormatInt(value, 10)
}

// limits are a rule's thresholds in words.
func (r AlertRuleRow) limits(ctx context.Context) string {
	var parts []string
	for _, l := range r.Limits {
		parts = append(parts, locales.Name(ctx, locales.AlertLimit, l.Name)+": "+l.words())
	}
	return strings.Join(parts, " · ")
}

// words is the value with its unit; times as they are entered.
func (l AlertLimit) words() string {
	switch l.Unit {
	case "percent":
		return Number(l.Value) + "%"
	case "count":
		return Number(l.Value)
	default:
		return l.text(l.Value)
	}
}

// hint says what may be entered.
func (l AlertLimit) hint(ctx context.Context) string {
	return locales.T(ctx, "incidents.limit_hint", "Default", l.text(l.Default), "Min", l.text(l.Min), "Max", l.text(l.Max))
}

func (l AlertLimit) label(ctx context.Context) string {
	label := locales.Name(ctx, locales.AlertLimit, l.Name)
	if l.Unit == "percent" {
		label += " (%)"
	}
	return label
}

func (r AlertRuleRow) address() string { return RulesPath + "/" + r.Kind }

// AlertRuleForm edits a rule.
type AlertRuleForm struct {
	Form

	Rule AlertRuleRow
}
