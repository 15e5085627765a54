package handlers

import (
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// incidentDialog is one of the two dialogs about an incident.
type incidentDialog func(s views.Shell, f views.IncidentForm) templ.Component

func (s *server) renderIncidentForm(
	c *fiber.Ctx, v *viewer, status int, dialog incidentDialog, form views.IncidentForm, errs map[string]string,
) error {
	i, err := s.DB.Incident(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form.Form, form.Incident = s.form(c, v, errs), *i
	form.Title = alerts.Say(v.Texts, v.Zone, i, s.DB.Now()).Title
	return s.render(c, status, dialog(s.shell(c, v, form.Title), form))
}

func (s *server) askAcknowledge(c *fiber.Ctx, v *viewer) error {
	return s.renderIncidentForm(c, v, fiber.StatusOK, views.AcknowledgeView, views.IncidentForm{}, nil)
}

func (s *server) askSilence(c *fiber.Ctx, v *viewer) error {
	return s.renderIncidentForm(c, v, fiber.StatusOK, views.SilenceView, views.IncidentForm{For: views.SilenceTimes[1]}, nil)
}

func (s *server) acknowledgeIncident(c *fiber.Ctx, v *viewer) error {
	form := views.IncidentForm{Reason: field(c, "reason")}
	return s.incidentDeed(c, v, views.AcknowledgeView, form, v.Texts.T("incidents.acknowledged"), func(tx *models.Tx) error {
		return s.Alerts.Acknowledge(tx, v.Scope, c.Params("id"), form.Reason, v.actor(c))
	})
}

func (s *server) silenceIncident(c *fiber.Ctx, v *viewer) error {
	form := views.IncidentForm{Reason: field(c, "reason"), For: field(c, "for")}
	lasting, err := time.ParseDuration(form.For)
	if err != nil || !slices.Contains(views.SilenceTimes, form.For) {
		return s.renderIncidentForm(c, v, fiber.StatusUnprocessableEntity, views.SilenceView, form, fieldErrors(v, models.Invalid("until", "out_of_range")))
	}
	return s.incidentDeed(c, v, views.SilenceView, form, v.Texts.T("incidents.silenced"), func(tx *models.Tx) error {
		return s.Alerts.Silence(tx, v.Scope, c.Params("id"), lasting, form.Reason, v.actor(c))
	})
}

func (s *server) unsilenceIncident(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error { return s.Alerts.Unsilence(tx, v.Scope, id, v.actor(c)) })
	if err != nil {
		return err
	}
	return s.redirect(c, views.IncidentsPath+"/"+id)
}

// incidentDeed does something with an incident, or shows its dialog again with
// why it was refused.
func (s *server) incidentDeed(
	c *fiber.Ctx, v *viewer, dialog incidentDialog, form views.IncidentForm, done string, deed func(tx *models.Tx) error,
) error {
	err := s.DB.Write(c.UserContext(), deed)
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderIncidentForm(c, v, fiber.StatusUnprocessableEntity, dialog, form, errs)
	}
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, views.IncidentsPath+"/"+c.Params("id"))
	}
	view, err := s.incident(c, v)
	if err != nil {
		return err
	}
	c.Set(hxTrigger, closeDialog)
	return s.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: done}, views.Renewed("#incident-detail", views.IncidentDetail(view)))
}
