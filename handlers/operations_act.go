package handlers

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// Bounds of why an operator steers something, in characters.
const (
	shortestReason = 3
	longestReason  = 500
)

// reasonOf reads why somebody does something.
func reasonOf(c *fiber.Ctx) (string, error) {
	text := strings.TrimSpace(clip(field(c, "reason"), maxReasonBytes))
	switch n := utf8.RuneCountInString(text); {
	case n < shortestReason:
		return text, models.Invalid("reason", "reason_required")
	case n > longestReason:
		return text, models.Invalid("reason", "too_long")
	case payments.HoldsCardNumber(text):
		return "", models.Invalid("reason", "card_number_refused")
	}
	return text, nil
}

// confirmJobAct asks for the reason of an act on a job.
func (s *server) confirmJobAct(act string) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		job, err := s.job(c)
		if err != nil {
			return err
		}
		return s.renderOperationAct(c, v, fiber.StatusOK, views.JobActForm(*job, act), nil)
	}
}

func (s *server) renderOperationAct(
	c *fiber.Ctx, v *viewer, status int, form views.OperationForm, errs map[string]string,
) error {
	form.Form = s.form(c, v, errs)
	return s.render(c, status, views.OperationActView(s.shell(c, v, form.Title(c.UserContext())), form))
}

// doJobAct has a job tried again, given up or deleted. Which of these a job
// allows depends on its state, so that the form needs no key.
func (s *server) doJobAct(act string) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		job, err := s.job(c)
		if err != nil {
			return err
		}
		form := views.JobActForm(*job, act)
		form.Reason, err = reasonOf(c)
		if err == nil {
			err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
				if err := jobAct(tx, job.ID, act); err != nil {
					return err
				}
				return tx.Audit(v.actor(c), models.AuditEntry{
					Action: "job." + act, ObjectID: "job " + strconv.FormatInt(job.ID, 10), Reason: form.Reason,
					Detail: map[string]string{"kind": job.Kind, "queue": job.Queue, "from": job.State, "args": clip(job.Args, maxArgs)},
				})
			})
		}
		return s.operationDone(c, v, form, err)
	}
}

// maxArgs is how much of a job's arguments the audit log keeps.
const maxArgs = 300

func jobAct(tx *models.Tx, id int64, act string) error {
	var err error
	switch act {
	case views.JobRetry:
		_, err = tx.RetryJob(id)
	case views.JobCancel:
		_, err = tx.CancelJob(id)
	default:
		_, err = tx.DeleteJob(id)
	}
	return err
}

// confirmQueueAct asks for the reason of an act on a queue.
func (s *server) confirmQueueAct(act string) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		form, ok := views.QueueActForm(c.Params("name"), act)
		if !ok {
			return models.ErrNotFound
		}
		return s.renderOperationAct(c, v, fiber.StatusOK, form, nil)
	}
}

// doQueueAct pauses or resumes a queue on all nodes. Doing it twice is doing it
// once, so that the form needs no key.
func (s *server) doQueueAct(act string) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		form, ok := views.QueueActForm(c.Params("name"), act)
		if !ok {
			return models.ErrNotFound
		}
		var err error
		form.Reason, err = reasonOf(c)
		if err == nil {
			err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
				steer := tx.PauseQueue
				if act == views.QueueResume {
					steer = tx.ResumeQueue
				}
				if err := steer(form.Queue); err != nil {
					return err
				}
				return tx.Audit(v.actor(c), models.AuditEntry{
					Action: "queue." + act, ObjectID: "queue " + form.Queue, Reason: form.Reason,
				})
			})
		}
		return s.operationDone(c, v, form, err)
	}
}

// operationDone answers an act: the form again when it was refused, else the
// page, or what changed of it.
func (s *server) operationDone(c *fiber.Ctx, v *viewer, form views.OperationForm, err error) error {
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderOperationAct(c, v, fiber.StatusUnprocessableEntity, form, errs)
	}
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, views.OperationsPath)
	}
	if form.Leaves() {
		return s.redirect(c, views.OperationsPath)
	}
	view, err := s.operations(c.UserContext(), v)
	if err != nil {
		return err
	}
	c.Set(hxTrigger, closeDialog)
	return s.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: form.Done(c.UserContext())},
		views.Renewed("#operations-now", views.OperationsNow(view)))
}
