package handlers

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// confirmCarrierAct asks for the reason of an act on an account.
func (p accountPages) confirmCarrierAct(name string) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		return p.renderCarrierAct(c, v, fiber.StatusOK, views.CarrierActForm{Name: name}, nil)
	}
}

func (p accountPages) renderCarrierAct(
	c *fiber.Ctx, v *viewer, status int, form views.CarrierActForm, errs map[string]string,
) error {
	a, err := p.DB.CarrierAccount(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form.AccountID, form.Account, form.Form = a.ID, a.Name, p.form(c, v, errs)
	return p.render(c, status, views.CarrierActView(p.shell(c, v, form.Title(c.UserContext())), form))
}

// doCarrierAct pauses or resumes an account, or resets its breaker. Doing it
// twice is doing it once, so that the form needs no key.
func (p accountPages) doCarrierAct(name string) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		id, ctx := c.Params("id"), c.UserContext()
		form := views.CarrierActForm{Name: name, During: field(c, "during"), Reason: clip(field(c, "reason"), maxReasonBytes)}
		act := carriers.Act{Reason: form.Reason, Actor: v.actor(c)}
		err := p.carrierAct(ctx, v, id, form, act)
		if errs := fieldErrors(v, err); errs != nil {
			return p.renderCarrierAct(c, v, fiber.StatusUnprocessableEntity, form, errs)
		}
		if err != nil {
			return err
		}
		if !isHTMX(c) {
			return p.redirect(c, p.path+"/"+id)
		}
		c.Set(hxTrigger, closeDialog)
		return p.healthChanged(c, v, ui.ToastProps{Tone: ui.Success, Text: form.Done(ctx)})
	}
}

// maxReasonBytes bounds what is read of a reason; what is too long is refused
// by its characters.
const maxReasonBytes = 4000

func (p accountPages) carrierAct(ctx context.Context, v *viewer, id string, form views.CarrierActForm, act carriers.Act) error {
	during, err := pauseTime(form)
	if err != nil {
		return err
	}
	return p.DB.Write(ctx, func(tx *models.Tx) error {
		switch form.Name {
		case views.CarrierPause:
			return p.Carriers.Pause(tx, v.Scope, id, during, act)
		case views.CarrierResume:
			return p.Carriers.Resume(tx, v.Scope, id, act)
		default:
			return p.Carriers.ResetBreaker(tx, v.Scope, id, act)
		}
	})
}

// pauseTime reads how long a pause is to last; one of the form's choices.
func pauseTime(form views.CarrierActForm) (time.Duration, error) {
	if form.Name != views.CarrierPause {
		return 0, nil
	}
	during, err := time.ParseDuration(cmp.Or(form.During, "0s"))
	if err != nil || !slices.Contains(views.PauseTimes, during) {
		return 0, models.Invalid("during", "out_of_range")
	}
	return during, nil
}

// setCarrierLimits changes an account's own quota and rate; what is empty is
// the carrier's.
func (p accountPages) setCarrierLimits(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	quota, rate := clip(field(c, "quota_per_day"), 20), clip(field(c, "rate_per_second"), 20)
	limits, err := readLimits(quota, rate)
	if err == nil {
		err = p.DB.Write(c.UserContext(), func(tx *models.Tx) error {
			return p.Carriers.SetLimits(tx, v.Scope, id, limits, v.actor(c))
		})
	}
	errs := fieldErrors(v, err)
	if err != nil && errs == nil {
		return err
	}
	if errs == nil && !isHTMX(c) {
		return p.redirect(c, p.path+"/"+id)
	}
	view, err := p.account(c, v)
	if err != nil {
		return err
	}
	if errs == nil {
		return p.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("carriers.limits_done")},
			views.Renewed("#account-limits", views.CarrierLimits(view.Limits)), views.Renewed("#account-health", views.AccountHealth(view)))
	}
	view.Limits.Quota, view.Limits.Rate, view.Limits.Errors = quota, rate, errs
	if !isHTMX(c) {
		return p.render(c, fiber.StatusUnprocessableEntity, views.AccountPage(p.shell(c, v, view.Account.Name), view))
	}
	c.Set(hxReswap, "none")
	return p.render(c, fiber.StatusUnprocessableEntity, views.Renewed("#account-limits", views.CarrierLimits(view.Limits)))
}

// readLimits reads limits as people write them: "1,000", "0.5".
func readLimits(quota, rate string) (l models.CarrierLimits, err error) {
	if quota != "" {
		if l.QuotaPerDay, err = strconv.Atoi(strings.ReplaceAll(quota, ",", "")); err != nil || l.QuotaPerDay == 0 {
			return l, models.Invalid("quota_per_day", "quota_range")
		}
	}
	if rate != "" {
		if l.RatePerSecond, err = strconv.ParseFloat(rate, 64); err != nil || l.RatePerSecond == 0 {
			return l, models.Invalid("rate_per_second", "rate_range")
		}
	}
	return l, nil
}
