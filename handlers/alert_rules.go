package handlers

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// alertRoutes are the rules of incidents and the channels of their messages.
func (s *server) alertRoutes() []route {
	return []route{
		{fiber.MethodGet, views.RulesPath, staff, s.listAlertRules},
		{fiber.MethodGet, views.RulesPath + "/:rule", admins, s.editAlertRule},
		{fiber.MethodPost, views.RulesPath + "/:rule", admins, s.updateAlertRule},
		{fiber.MethodGet, views.ChannelsPath, editors, s.listChannels},
		{fiber.MethodGet, views.ChannelsPath + "/new", editors, s.newChannel},
		{fiber.MethodPost, views.ChannelsPath, editors, s.createChannel},
		{fiber.MethodGet, views.ChannelsPath + "/:id", editors, s.showChannel},
		{fiber.MethodPost, views.ChannelsPath + "/:id", editors, s.updateChannel},
		{fiber.MethodPost, views.ChannelsPath + "/:id/test", editors, s.testChannel},
		{fiber.MethodGet, views.ChannelsPath + "/:id/delete", editors, s.confirmDeleteChannel},
		{fiber.MethodPost, views.ChannelsPath + "/:id/delete", editors, s.deleteChannel},
		{fiber.MethodGet, alerts.ConfirmPath + "/:id/:token", everyone, s.showQuestion},
		{fiber.MethodPost, alerts.ConfirmPath + "/:id/:token", everyone, s.agree},
	}
}

func (s *server) listAlertRules(c *fiber.Ctx, v *viewer) error {
	rules, err := s.Alerts.Rules(c.UserContext())
	if err != nil {
		return err
	}
	view := views.AlertRulesView{Editor: admins.allows(v.Role)}
	for _, r := range rules {
		view.Rows = append(view.Rows, alertRuleRow(r))
	}
	return s.render(c, fiber.StatusOK, views.AlertRulesPage(s.shell(c, v, v.Texts.T("incidents.rules")), view))
}

func alertRuleRow(r alerts.Adjusted) views.AlertRuleRow {
	row := views.AlertRuleRow{Kind: r.Kind, Severity: r.Severity, Enabled: r.Enabled, Shared: r.Shared, Changed: r.Changed}
	for _, l := range r.Rule.Limits {
		row.Limits = append(row.Limits, views.AlertLimit{
			Name: l.Name, Unit: string(l.Unit), Value: r.Limits[l.Name], Default: l.Default, Min: l.Min, Max: l.Max,
		})
	}
	return row
}

// alertRule is the rule that the address names.
func (s *server) alertRule(c *fiber.Ctx) (views.AlertRuleRow, error) {
	rules, err := s.Alerts.Rules(c.UserContext())
	if err != nil {
		return views.AlertRuleRow{}, err
	}
	for _, r := range rules {
		if r.Kind == c.Params("rule") {
			return alertRuleRow(r), nil
		}
	}
	return views.AlertRuleRow{}, models.ErrNotFound
}

func (s *server) editAlertRule(c *fiber.Ctx, v *viewer) error {
	rule, err := s.alertRule(c)
	if err != nil {
		return err
	}
	return s.renderAlertRule(c, v, fiber.StatusOK, rule, nil)
}

func (s *server) renderAlertRule(c *fiber.Ctx, v *viewer, status int, rule views.AlertRuleRow, errs map[string]string) error {
	form := views.AlertRuleForm{Form: s.form(c, v, errs), Rule: rule}
	return s.render(c, status, views.AlertRuleView(s.shell(c, v, v.Texts.T("incidents.rules")), form))
}

func (s *server) updateAlertRule(c *fiber.Ctx, v *viewer) error {
	rule, err := s.alertRule(c)
	if err != nil {
		return err
	}
	rule.Enabled, rule.Severity = field(c, "enabled") != "", field(c, "severity")
	edit := alerts.RuleEdit{Enabled: rule.Enabled, Severity: rule.Severity, Limits: alerts.Limits{}}
	for i := range rule.Limits {
		l := &rule.Limits[i]
		l.Text = clip(field(c, l.Field()), 10)
		value, err := limitValue(l)
		if err != nil {
			return s.renderAlertRule(c, v, fiber.StatusUnprocessableEntity, rule, fieldErrors(v, err))
		}
		edit.Limits[l.Name] = value
	}
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error { return s.Alerts.EditRule(tx, rule.Kind, edit, v.actor(c)) })
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderAlertRule(c, v, fiber.StatusUnprocessableEntity, rule, errs)
	}
	if err != nil {
		return err
	}
	return s.redirect(c, views.RulesPath)
}

// limitValue reads a limit as people write it: "15m", or a number.
func limitValue(l *views.AlertLimit) (int64, error) {
	if l.Unit != string(alerts.Seconds) {
		n, err := strconv.ParseInt(l.Text, 10, 64)
		if err != nil {
			return 0, models.Invalid(l.Name, "bad_number")
		}
		return n, nil
	}
	waits, err := parseWaits(l.Name, l.Text)
	if err != nil || len(waits) != 1 {
		return 0, models.Invalid(l.Name, "unreadable_wait")
	}
	return int64(waits[0] / time.Second), nil
}
