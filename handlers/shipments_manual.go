package handlers

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// correction is something that staff do with a parcel after a dialog.
type correction struct {
	name string // the end of its address
	do   func(s *server, tx *models.Tx, v *viewer, actor models.Actor, id string, f views.CorrectionForm) (*models.Shipment, error)
}

var corrections = []correction{
	{views.CorrectScan, enterScan}, {views.CorrectOverride, enterScan},
	{views.CorrectWithdraw, withdrawScan}, {views.CorrectReplace, replaceParcel},
}

// needs are the fields without which the form says nothing.
func (d correction) needs(f *views.CorrectionForm) map[string]string {
	needed := map[string]string{"note": f.Note}
	switch d.name {
	case views.CorrectScan, views.CorrectOverride:
		needed["status"] = f.Status
	case views.CorrectReplace:
		needed["tracking_number"] = f.Number
	}
	return needed
}

// correctionRoutes are what staff do when the carrier tells nothing, or wrong.
func (s *server) correctionRoutes() []route {
	routes := []route{
		{fiber.MethodPost, "/shipments/:id/retrack", staff, s.retrackShipment},
		{fiber.MethodGet, "/shipments/:id/raw", staff, s.downloadRaw},
	}
	for _, d := range corrections {
		path := "/shipments/:id/" + d.name
		routes = append(routes,
			route{fiber.MethodGet, path, staff, s.askCorrection(d)}, route{fiber.MethodPost, path, staff, s.correct(d)})
	}
	return routes
}

func (s *server) askCorrection(d correction) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		sh, err := s.DB.Shipment(c.UserContext(), v.Scope, c.Params("id"))
		if err != nil {
			return err
		}
		form := views.CorrectionForm{Event: clip(c.Query("event"), 64), Clock: views.ClockMine, Carrier: sh.Carrier, Number: sh.TrackingNumber}
		return s.renderCorrection(c, v, fiber.StatusOK, d, sh, form)
	}
}

func (s *server) renderCorrection(
	c *fiber.Ctx, v *viewer, status int, d correction, sh *models.Shipment, form views.CorrectionForm,
) error {
	order, err := s.DB.Order(c.UserContext(), v.Scope, sh.OrderID)
	if err != nil {
		return err
	}
	form.Name, form.Parcel, form.Order = d.name, *sh, *order
	form.Carriers = carrierCodes(sh.Carrier)
	for _, reason := range carriers.Reasons {
		form.Reasons = append(form.Reasons, string(reason))
	}
	if d.name == views.CorrectWithdraw {
		scans, err := s.DB.TrackingEvents(c.UserContext(), sh.ID)
		if err != nil {
			return err
		}
		for _, scan := range way(scans, &order.ShippingAddress) {
			if scan.ID != "" && !scan.Retracted && (form.Event == "" || form.Event == scan.ID) {
				form.Event, form.Scan = scan.ID, &scan
				break
			}
		}
	}
	form.Form = s.form(c, v, form.Errors)
	return s.render(c, status, views.CorrectionView(s.shell(c, v, form.Title(c.UserContext())), form))
}

// correct does what a form of the dialog asks; the same form sent twice does it once.
func (s *server) correct(d correction) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		sh, err := s.DB.Shipment(c.UserContext(), v.Scope, c.Params("id"))
		if err != nil {
			return err
		}
		form := views.CorrectionForm{
			Name: d.name, Status: field(c, "status"), Reason: field(c, "reason"), Day: field(c, "day"), Time: field(c, "time"),
			Clock: oneOf(field(c, "clock"), views.ClockMine, views.ClockPlace), Location: field(c, "location"), Note: field(c, "note"),
			Event: field(c, "event"), Carrier: field(c, "carrier"), Number: field(c, "tracking_number"),
		}
		if form.Errors = missing(v, d.needs(&form)); form.Errors != nil {
			return s.renderCorrection(c, v, fiber.StatusUnprocessableEntity, d, sh, form)
		}
		done, err := s.once(c, v, sh.MerchantID, func(tx *models.Tx) (models.Answer, error) {
			changed, err := d.do(s, tx, v, v.actor(c), sh.ID, form)
			if err != nil {
				return models.Answer{}, err
			}
			return models.Answer{Status: fiber.StatusSeeOther, Location: "/shipments/" + changed.ID}, nil
		})
		switch {
		case err == nil:
			return s.corrected(c, v, sh.ID, done.Location, v.Texts.T("shipments.corrected"))
		case refusalOf(err) != nil && refusalOf(err).Code == "idempotency_key_in_use":
			return s.redirect(c, "/shipments/"+sh.ID)
		}
		if form.Errors = fieldErrors(v, err); form.Errors == nil {
			return err
		}
		return s.renderCorrection(c, v, fiber.StatusUnprocessableEntity, d, sh, form)
	}
}

func enterScan(s *server, tx *models.Tx, v *viewer, actor models.Actor, id string, f views.CorrectionForm) (*models.Shipment, error) {
	in := carriers.Manual{
		Override: f.Name == views.CorrectOverride, Status: carriers.Status(f.Status), Reason: carriers.Reason(f.Reason),
		LocalTime: f.Day, Location: f.Location, Note: f.Note,
	}
	switch {
	case f.Time != "" && f.Day == "":
		return nil, models.Invalid("day", "day_of_time")
	case f.Time != "":
		in.LocalTime += "T" + f.Time
	}
	if f.Clock != views.ClockPlace {
		in.Zone = v.Zone
	}
	sh, err := s.Carriers.Enter(tx, v.Scope, id, in, actor)
	if refusal := refusalOf(err); refusal != nil && refusal.Field == "local_time" {
		return nil, models.Invalid("day", refusal.Code)
	}
	return sh, err
}

func withdrawScan(s *server, tx *models.Tx, v *viewer, actor models.Actor, id string, f views.CorrectionForm) (*models.Shipment, error) {
	return s.Carriers.Withdraw(tx, v.Scope, id, f.Event, f.Note, actor)
}

func replaceParcel(s *server, tx *models.Tx, v *viewer, actor models.Actor, id string, f views.CorrectionForm) (*models.Shipment, error) {
	return s.Carriers.Replace(tx, v.Scope, id, carriers.Replacement{
		Carrier: f.Carrier, TrackingNumber: f.Number, Note: f.Note,
	}, actor)
}

// refusalOf is the domain's refusal that an error is, or nil.
func refusalOf(err error) *models.Error {
	refusal, ok := errors.AsType[*models.Error](err)
	if !ok {
		return nil
	}
	return refusal
}

// retrackShipment follows a parcel again that was silent for too long.
func (s *server) retrackShipment(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		_, err := s.Carriers.Retrack(tx, v.Scope, id, v.actor(c))
		return err
	})
	if err != nil {
		return err
	}
	return s.corrected(c, v, id, "/shipments/"+id, v.Texts.T("shipments.retracked"))
}

// corrected closes the dialog and renews the parcel's page, or leads to the
// parcel that replaces it.
func (s *server) corrected(c *fiber.Ctx, v *viewer, id, location, text string) error {
	if !isHTMX(c) || location != "/shipments/"+id {
		return s.redirect(c, location)
	}
	view, err := s.shipment(c, v, id)
	if err != nil {
		return err
	}
	c.Set(hxTrigger, closeDialog)
	return s.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: text}, views.Renewed("#shipment-detail", views.ShipmentDetail(view)))
}

// downloadRaw hands out the carrier's last answer as it came.
func (s *server) downloadRaw(c *fiber.Ctx, v *viewer) error {
	sh, err := s.DB.Shipment(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	name := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, sh.TrackingNumber)
	c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8") // whatever it is, no browser runs it
	c.Set(fiber.HeaderContentDisposition, "attachment; filename="+strconv.Quote(sh.Carrier+"-"+name+".txt"))
	c.Set(fiber.HeaderCacheControl, "no-store")
	if sh.LastSyncedAt != nil {
		c.Set(fiber.HeaderLastModified, sh.LastSyncedAt.UTC().Format(time.RFC1123))
	}
	return c.SendString(sh.Raw)
}
