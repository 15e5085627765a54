package handlers

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/views"
)

func (s *server) newEndpoint(c *fiber.Ctx, v *viewer) error {
	form := views.EndpointForm{Merchant: clip(c.Query("merchant"), 64), InFlight: strconv.Itoa(models.DefaultInFlight)}
	return s.renderEndpointForm(c, v, fiber.StatusOK, form, nil)
}

func (s *server) renderEndpointForm(
	c *fiber.Ctx, v *viewer, status int, form views.EndpointForm, errs map[string]string,
) error {
	title := v.Texts.T("endpoints.edit")
	if form.ID == "" {
		choice, err := s.chooseMerchant(c, v)
		if err != nil {
			return err
		}
		form.Staff, form.Merchants, title = choice.Staff, choice.Options, v.Texts.T("endpoints.new")
	}
	form.Form = s.form(c, v, errs)
	return s.render(c, status, views.EndpointFormView(s.shell(c, v, title), form))
}

// endpointForm reads what was sent. Values of headers are not in it: they are
// never shown.
func endpointForm(c *fiber.Ctx) views.EndpointForm {
	form := views.EndpointForm{
		URL: field(c, "url"), Description: field(c, "description"), Events: checked(c, "event"), Merchant: field(c, "merchant"),
		Rate: field(c, "rate_per_second"), InFlight: field(c, "max_in_flight"), AllEvents: field(c, "all_events") != "",
	}
	values := checked(c, "header_value")
	for i, name := range checked(c, "header_name") {
		if name = strings.TrimSpace(name); name != "" {
			form.Headers = append(form.Headers, views.HeaderField{Name: name, Typed: i < len(values) && values[i] != ""})
		}
	}
	return form
}

// endpointHeaders are the headers of a form, by name. A row without a name is none.
func endpointHeaders(c *fiber.Ctx) (map[string]string, error) {
	headers, values := map[string]string{}, checked(c, "header_value")
	for i, name := range checked(c, "header_name") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if _, twice := headers[name]; twice {
			return nil, models.Invalid("headers."+name, "header_twice")
		}
		headers[name] = ""
		if i < len(values) {
			headers[name] = values[i]
		}
	}
	return headers, nil
}

// newEndpointOf turns a form into an endpoint. It tells of all that is wrong, by
// field, so that nobody mends one to be told of the next. The values of the
// headers named as stored stay where none was typed.
func (s *server) newEndpointOf(
	c *fiber.Ctx, v *viewer, form views.EndpointForm, stored []string,
) (in notify.NewEndpoint, errs map[string]string) {
	in = notify.NewEndpoint{URL: form.URL, Description: form.Description}
	var refused []error
	refuse := func(err error) { refused = append(refused, err) }
	switch {
	case form.AllEvents && len(form.Events) > 0:
		refuse(models.Invalid("events", "all_or_some"))
	case !form.AllEvents && len(form.Events) == 0:
		refuse(models.Invalid("events", "choose_events"))
	default:
		in.Events = form.Events
	}
	var err error
	if in.RatePerSecond, err = strconv.Atoi(cmp.Or(form.Rate, "0")); err != nil {
		refuse(models.Invalid("rate_per_second", "bad_number"))
	}
	if in.MaxInFlight, err = strconv.Atoi(form.InFlight); err != nil {
		refuse(models.Invalid("max_in_flight", "bad_number"))
		in.MaxInFlight = models.DefaultInFlight
	}
	if in.Headers, err = endpointHeaders(c); err != nil {
		refuse(err)
	}
	for _, err := range append(refused, s.Notify.Refusals(in, stored)...) {
		for name, text := range endpointErrors(v, err) {
			if errs == nil {
				errs = map[string]string{}
			}
			if _, told := errs[name]; !told {
				errs[name] = text
			}
		}
	}
	return in, errs
}

// renderRefusedEndpoint shows the form again. Headers' values are never shown, so
// that whoever typed some must do so once more, and is told.
func (s *server) renderRefusedEndpoint(c *fiber.Ctx, v *viewer, form views.EndpointForm, errs map[string]string) error {
	again := slices.ContainsFunc(form.Headers, func(h views.HeaderField) bool { return h.Typed })
	if again && errs["headers"] == "" {
		errs["headers"] = v.Texts.T("endpoints.headers_again")
	}
	return s.renderEndpointForm(c, v, fiber.StatusUnprocessableEntity, form, errs)
}

// endpointErrors tells by field why an endpoint was refused.
func endpointErrors(v *viewer, err error) map[string]string {
	errs := fieldErrors(v, err)
	for name, text := range errs {
		if strings.HasPrefix(name, "events") {
			errs["events"] = text
		}
		if header, one := strings.CutPrefix(name, "headers."); one {
			errs["headers"] = header + ": " + text
		}
	}
	return errs
}

// createEndpoint makes an endpoint and shows its signing secret. The answer that
// is kept against a second sending of the form does not hold it, so that it is
// shown once.
func (s *server) createEndpoint(c *fiber.Ctx, v *viewer) error {
	form := endpointForm(c)
	in, refused := s.newEndpointOf(c, v, form, nil)
	m, err := s.ownerOf(c, v, form.Merchant)
	if errs := fieldErrors(v, err); errs != nil || refused != nil {
		if errs == nil {
			errs = map[string]string{}
		}
		maps.Copy(errs, refused)
		return s.renderRefusedEndpoint(c, v, form, errs)
	}
	if err != nil {
		return err
	}
	text := ""
	answer, err := s.once(c, v, m.ID, func(tx *models.Tx) (models.Answer, error) {
		e, made, err := s.Notify.CreateEndpoint(tx, m.ID, in)
		if err != nil {
			return models.Answer{}, err
		}
		text = made
		return models.Answer{Status: fiber.StatusOK, Location: e.ID}, tx.Audit(v.actor(c), endpointEntry(e, "endpoint.create"))
	})
	if errs := endpointErrors(v, err); errs != nil {
		return s.renderRefusedEndpoint(c, v, form, errs)
	}
	if err != nil {
		return err
	}
	return s.showSecret(c, v, answer.Location, views.SecretView{Text: text})
}

// ownerOf is the merchant whom a form's new thing belongs to: the viewer's own,
// or for staff the one that the form names.
func (s *server) ownerOf(c *fiber.Ctx, v *viewer, ref string) (*models.Merchant, error) {
	if v.Merchant != nil {
		return v.Merchant, nil
	}
	if ref == "" {
		return nil, models.Invalid("merchant", "required")
	}
	return s.DB.Merchant(c.UserContext(), v.Scope, ref)
}

// showSecret shows a secret that was just made.
func (s *server) showSecret(c *fiber.Ctx, v *viewer, id string, view views.SecretView) error {
	e, err := s.DB.Endpoint(c.UserContext(), v.Scope, id)
	if err != nil {
		return err
	}
	view.Form, view.Endpoint = s.form(c, v, nil), *e
	return s.render(c, fiber.StatusOK, views.EndpointSecretView(s.shell(c, v, v.Texts.T("endpoints.secret")), view))
}

func (s *server) editEndpoint(c *fiber.Ctx, v *viewer) error {
	e, err := s.DB.Endpoint(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form := views.EndpointForm{
		ID: e.ID, URL: e.URL, Description: e.Description, Events: e.Events, InFlight: strconv.Itoa(e.MaxInFlight),
		Headers: storedHeaders(e, e.HeaderNames), AllEvents: len(e.Events) == 0,
	}
	if e.RatePerSecond > 0 {
		form.Rate = strconv.Itoa(e.RatePerSecond)
	}
	return s.renderEndpointForm(c, v, fiber.StatusOK, form, nil)
}

// storedHeaders marks those of the names whose values are stored.
func storedHeaders(e *models.Endpoint, names []string) []views.HeaderField {
	fields := make([]views.HeaderField, len(names))
	for i, name := range names {
		fields[i] = views.HeaderField{Name: name, Set: slices.Contains(e.HeaderNames, name)}
	}
	return fields
}

func (s *server) updateEndpoint(c *fiber.Ctx, v *viewer) error {
	e, err := s.DB.Endpoint(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form := endpointForm(c)
	form.ID = e.ID
	for i, h := range form.Headers {
		form.Headers[i].Set = slices.Contains(e.HeaderNames, h.Name)
	}
	stored := e.HeaderNames
	if form.URL != e.URL { // values are not sent anywhere but where they were meant for
		stored = nil
	}
	in, refused := s.newEndpointOf(c, v, form, stored)
	if refused != nil {
		return s.renderRefusedEndpoint(c, v, form, refused)
	}
	if in.Events == nil {
		in.Events = []string{} // all types
	}
	err = s.changeEndpoint(c, v, "endpoint.update", func(tx *models.Tx, id string) (*models.Endpoint, error) {
		return s.Notify.UpdateEndpoint(tx, v.Scope, id, notify.EndpointChange{EndpointChange: models.EndpointChange{
			URL: &in.URL, Events: &in.Events, Description: &in.Description, RatePerSecond: &in.RatePerSecond, MaxInFlight: &in.MaxInFlight,
		}, Headers: in.Headers})
	})
	if errs := endpointErrors(v, err); errs != nil {
		return s.renderRefusedEndpoint(c, v, form, errs)
	}
	if err != nil {
		return err
	}
	return s.redirect(c, "/endpoints/"+form.ID)
}

func (s *server) confirmRotateSecret(c *fiber.Ctx, v *viewer) error {
	return s.confirmEndpoint(c, v, "rotate", views.ConfirmForm{
		Title: v.Texts.T("endpoints.rotate"), Text: v.Texts.T("endpoints.rotate_text"), Label: v.Texts.T("endpoints.rotate"),
		Icon: "key-round",
	})
}

// rotateSecret makes a new signing secret and shows it, this once.
func (s *server) rotateSecret(c *fiber.Ctx, v *viewer) error {
	e, err := s.DB.Endpoint(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	text := ""
	_, err = s.once(c, v, e.MerchantID, func(tx *models.Tx) (models.Answer, error) {
		e, made, err := s.Notify.RotateSecret(tx, v.Scope, e.ID)
		if err != nil {
			return models.Answer{}, err
		}
		text = made
		return models.Answer{Status: fiber.StatusOK}, tx.Audit(v.actor(c), endpointEntry(e, "endpoint.rotate_secret"))
	})
	if err != nil {
		return err
	}
	return s.showSecret(c, v, e.ID, views.SecretView{Text: text, Rotated: true})
}

func (s *server) confirmDeleteEndpoint(c *fiber.Ctx, v *viewer) error {
	return s.confirmEndpoint(c, v, "delete", views.ConfirmForm{
		Title: v.Texts.T("endpoints.delete"), Text: v.Texts.T("endpoints.delete_text"), Label: v.Texts.T("common.delete"),
		Icon: "trash-2", Danger: true,
	})
}

func (s *server) confirmEndpoint(c *fiber.Ctx, v *viewer, act string, form views.ConfirmForm) error {
	e, err := s.DB.Endpoint(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form.Form, form.Action = s.form(c, v, nil), "/endpoints/"+e.ID+"/"+act
	form.BackHref, form.BackLabel = "/endpoints/"+e.ID, v.Texts.T("nav.endpoints")
	return s.render(c, fiber.StatusOK, views.ConfirmView(s.shell(c, v, form.Title), form))
}

// deleteEndpoint removes an endpoint; its deliveries stay readable.
func (s *server) deleteEndpoint(c *fiber.Ctx, v *viewer) error {
	err := s.changeEndpoint(c, v, "endpoint.delete", func(tx *models.Tx, id string) (*models.Endpoint, error) {
		e, err := tx.Endpoint(v.Scope, id)
		if err != nil {
			return nil, err
		}
		return e, tx.DeleteEndpoint(v.Scope, id)
	})
	if err != nil {
		return err
	}
	return s.redirect(c, "/endpoints")
}
