package handlers

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// pasteRoutes add one parcel, or many at once.
func (s *server) pasteRoutes() []route {
	return []route{
		{fiber.MethodGet, "/shipments/new", signedIn, s.newShipment},
		{fiber.MethodPost, "/shipments", signedIn, s.createShipment},
		{fiber.MethodGet, views.PastePath, signedIn, s.newPaste},
		{fiber.MethodPost, views.PastePath + "/preview", signedIn, s.previewPaste},
		{fiber.MethodPost, views.PastePath, signedIn, s.createPaste},
	}
}

// maxPaste is the size of a form with as many parcels as may be added at once.
const maxPaste = 512 << 10

// isPaste says whether a request brings many parcels.
func isPaste(method, path string) bool {
	return method == fiber.MethodPost && (path == views.PastePath || path == views.PastePath+"/preview")
}

func (s *server) newPaste(c *fiber.Ctx, v *viewer) error {
	return s.renderPaste(c, v, fiber.StatusOK, views.PasteView{Merchant: clip(c.Query("merchant"), 80), Order: clip(c.Query("order"), 64)})
}

func (s *server) renderPaste(c *fiber.Ctx, v *viewer, status int, view views.PasteView) error {
	merchant, options, err := s.formMerchant(c.UserContext(), v, view.Merchant)
	if err != nil {
		return err
	}
	view.Merchants = options
	if merchant != nil {
		view.Merchant = merchant.Ref
	}
	view.Form = views.Form{CSRF: v.csrf, Errors: view.Errors}
	return s.render(c, status, views.PastePage(s.shell(c, v, v.Texts.T("shipments.paste")), view))
}

// previewPaste says of each line what would become of it.
func (s *server) previewPaste(c *fiber.Ctx, v *viewer) error {
	view, _, err := s.plan(c, v)
	if err == nil {
		return s.renderPaste(c, v, fiber.StatusOK, view)
	}
	if view.Errors = fieldErrors(v, err); view.Errors == nil {
		return err
	}
	return s.renderPaste(c, v, fiber.StatusUnprocessableEntity, view)
}

// createPaste adds all parcels that can be; those that are there already stay as
// they are, so that the same lines sent twice add nothing.
func (s *server) createPaste(c *fiber.Ctx, v *viewer) error {
	view, planned, err := s.plan(c, v)
	if err != nil {
		if view.Errors = fieldErrors(v, err); view.Errors == nil {
			return err
		}
		return s.renderPaste(c, v, fiber.StatusUnprocessableEntity, view)
	}
	merchant, _, err := s.formMerchant(c.UserContext(), v, view.Merchant)
	if err != nil {
		return err
	}
	var done []carriers.Planned
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) (err error) {
		done = slices.Clone(planned) // a transaction may be run again
		view.Added, err = s.Carriers.AddAll(tx, merchant.ID, done, v.actor(c))
		return err
	})
	if err != nil {
		return err
	}
	view.Done = true
	view.Rows = pasteRows(v, done)
	return s.renderPaste(c, v, fiber.StatusOK, view)
}

// plan reads the lines, from the text or the file of the form, with what was
// chosen of single lines.
func (s *server) plan(c *fiber.Ctx, v *viewer) (views.PasteView, []carriers.Planned, error) {
	view := views.PasteView{
		Merchant: field(c, "merchant"), Order: field(c, "order"), Text: strings.ToValidUTF8(strings.TrimSpace(c.FormValue("text")), "\uFFFD"),
	}
	merchant, _, err := s.formMerchant(c.UserContext(), v, view.Merchant)
	if err != nil {
		return view, nil, err
	}
	if merchant == nil {
		return view, nil, models.Invalid("merchant", "required")
	}
	upload, err := uploadedText(c)
	switch {
	case err != nil:
		return view, nil, err
	case upload != "" && view.Text != "":
		return view, nil, models.Invalid("file", "text_and_file")
	}
	lines, err := carriers.ReadLines(view.Text+upload, merchant.Location())
	if refusal := refusalOf(err); refusal != nil && upload != "" {
		refusal.Field = "file"
	}
	if err != nil {
		return view, nil, err
	}
	view.Text += upload
	for i := range lines {
		l := &lines[i]
		at := strconv.Itoa(l.Line)
		if order := field(c, "order."+at); order != "" {
			l.OrderNumber = order
		}
		if carrier := field(c, "carrier."+at); carrier != "" {
			l.Carrier = carrier
		}
	}
	planned, err := s.Carriers.Plan(c.UserContext(), merchant.ID, lines, view.Order)
	if err != nil {
		return view, nil, err
	}
	view.Planned, view.Rows, view.Carriers = true, pasteRows(v, planned), carrierCodes()
	return view, planned, nil
}

func pasteRows(v *viewer, planned []carriers.Planned) []views.PasteRow {
	rows := make([]views.PasteRow, len(planned))
	for i := range planned {
		p := &planned[i]
		rows[i] = views.PasteRow{
			Line: p.Line.Line, OrderNumber: p.OrderNumber, Number: p.Number, Carrier: p.Chosen, Existing: p.Existing,
			Candidates: candidateCodes(p.Candidates), Items: p.Items, Return: p.Direction == models.DirectionReturn,
		}
		if p.Order != nil {
			rows[i].Customer = p.Order.CustomerName
		}
		if p.Refusal != nil {
			rows[i].Refusal, rows[i].Field = errorText(v.Texts, p.Refusal), p.Refusal.Field
		}
	}
	return rows
}
