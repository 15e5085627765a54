package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views"
)

// visitCookie holds which order's parcels a visitor may see.
const visitCookie = "tillpost_visit"

// registerTracking adds the pages for shops' customers. They have no session: a
// visitor proves to know the order, and a sealed cookie of this path remembers.
func registerTracking(app *fiber.App, s *server) {
	app.Use(models.TrackingPath, s.publicPage)
	app.Get(models.TrackingPath+"/stop/:token", s.confirmStop)
	app.Post(models.TrackingPath+"/stop/:token", limitForm, s.stopMails)
	app.Get(models.TrackingPath+"/:token", s.showTracking)
	app.Post(models.TrackingPath+"/:token", limitForm, s.checkVisitor)
}

// isPublic says whether a path is one of the pages for customers.
func isPublic(path string) bool {
	path = strings.ToLower(path) // as routes do
	return path == models.TrackingPath || strings.HasPrefix(path, models.TrackingPath+"/")
}

// publicPage keeps pages for customers out of search engines and caches, and
// chooses their language: by the address, by what the browser asks for.
func (s *server) publicPage(c *fiber.Ctx) error {
	if !isPublic(c.Path()) { // Use takes a path for its beginning
		return c.Next()
	}
	c.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	c.Set(fiber.HeaderCacheControl, "no-store")
	s.speakTo(c)
	if wait, ok := s.visits.allow(c.IP()); !ok {
		return tooMany(wait)
	}
	return c.Next()
}

// speakTo gives the views the language of a customer.
func (s *server) speakTo(c *fiber.Ctx) *locales.Localizer {
	texts := locales.Match(c.Get(fiber.HeaderAcceptLanguage), "", chosenLanguage(c))
	c.SetUserContext(views.WithViewer(locales.NewContext(c.UserContext(), texts), time.UTC, s.DB.Now))
	return texts
}

// chosenLanguage is the language that the address names, or empty.
func chosenLanguage(c *fiber.Ctx) string {
	language := locales.Language(c.Query("lang"))
	if !slices.Contains(locales.Languages(), language) {
		return ""
	}
	return string(language)
}

// samePage is the address of the page that was asked for, in the language that
// it was asked for in.
func samePage(c *fiber.Ctx) string {
	if language := chosenLanguage(c); language != "" {
		return c.Path() + "?lang=" + language
	}
	return c.Path()
}

func (s *server) trackShell(c *fiber.Ctx, title, merchant, support string) views.TrackShell {
	return views.TrackShell{Title: title, Merchant: merchant, Path: c.Path(), Support: support}
}

// showTracking shows a parcel to whoever has proven to know its order, and asks
// everybody else to.
func (s *server) showTracking(c *fiber.Ctx) error {
	p, err := s.DB.PublicParcel(c.UserContext(), c.Params("token"))
	if err != nil {
		return err
	}
	if !s.Tracking.Admitted(c.Cookies(s.visitCookieName()), p.Order.ID) {
		return s.askVisitor(c, p, fiber.StatusOK, views.TrackAsk{})
	}
	view, zone, err := s.trackView(c, p)
	if err != nil {
		return err
	}
	texts := locales.FromContext(c.UserContext())
	c.SetUserContext(views.WithViewer(c.UserContext(), zone, s.DB.Now))
	shell := s.trackShell(c, texts.T("track.title"), p.Merchant.Name, p.Settings.SupportAddress)
	return s.render(c, fiber.StatusOK, views.TrackPage(shell, view))
}

func (s *server) askVisitor(c *fiber.Ctx, p *models.PublicParcel, status int, ask views.TrackAsk) error {
	ask.Action = samePage(c)
	texts := locales.FromContext(c.UserContext())
	shell := s.trackShell(c, texts.T("track.title"), p.Merchant.Name, p.Settings.SupportAddress)
	return s.render(c, status, views.TrackAskPage(shell, ask))
}

// trackView collects what the recipient sees, and the zone of the place where
// the parcel goes.
func (s *server) trackView(c *fiber.Ctx, p *models.PublicParcel) (views.TrackView, *time.Location, error) {
	ctx := c.UserContext()
	stored, err := s.DB.TrackingEvents(ctx, p.Shipment.ID)
	if err != nil {
		return views.TrackView{}, nil, err
	}
	page := tracking.PageOf(p, stored)
	view := views.TrackView{
		Status: page.Status, Reason: page.Reason, Stage: page.Stage, Back: page.Back, Late: page.Late, Expected: page.Expected,
		DeliveredAt: page.DeliveredAt, Carrier: page.Carrier, CarrierPage: page.CarrierPage, Number: page.Number, OrderNumber: p.Order.Number,
	}
	for _, scan := range page.Scans {
		view.Scans = append(view.Scans, views.Scan{
			Status: scan.Status, LocalTime: scan.LocalTime, OffsetMinutes: scan.OffsetMinutes, OccurredAt: scan.OccurredAt,
			DateOnly: scan.DateOnly, Location: scan.Place,
		})
	}
	all, _, err := s.DB.Shipments(ctx, models.MerchantScope(p.Order.MerchantID), models.ShipmentFilter{OrderID: p.Order.ID}, models.Page{Limit: listRows})
	if err != nil {
		return view, nil, err
	}
	slices.Reverse(all) // the oldest first, so that their numbers stay
	for i := range all {
		if other := &all[i]; other.ID != p.Shipment.ID && !other.Replaced() {
			view.Others = append(view.Others, trackOther(other))
		}
	}
	return view, page.Zone, nil
}

func trackOther(s *models.Shipment) views.TrackOther {
	other := views.TrackOther{Carrier: s.Carrier, Status: s.Status, Return: s.Direction == models.DirectionReturn}
	if s.PublicToken != "" {
		other.Href = models.TrackingPath + "/" + s.PublicToken
	}
	return other
}

// checkVisitor takes a visitor's proof. Whatever is wrong, the answer is the
// same; too many wrong ones, from an address or about a parcel, have to wait.
func (s *server) checkVisitor(c *fiber.Ctx) error {
	token := c.Params("token")
	p, err := s.DB.PublicParcel(c.UserContext(), token)
	if err != nil {
		return err
	}
	if !s.sameOrigin(c) {
		return errForgedForm
	}
	ask := views.TrackAsk{Number: clip(field(c, "number"), 100)}
	texts := locales.FromContext(c.UserContext())
	wait, ok := s.guesses.allow(c.IP())
	if blocked := s.proofs.blocked(token); ok && blocked > 0 {
		wait, ok = blocked, false
	}
	if !ok {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(wait/time.Second)+1))
		ask.Error = texts.T("track.too_many")
		return s.askVisitor(c, p, fiber.StatusTooManyRequests, ask)
	}
	if !tracking.Knows(&p.Order, ask.Number, clip(field(c, "proof"), 254)) {
		s.proofs.note(token)
		ask.Error = texts.T("track.wrong")
		return s.askVisitor(c, p, fiber.StatusUnprocessableEntity, ask)
	}
	s.guesses.forgive(c.IP())
	value, err := s.Tracking.Admit(p.Order.ID)
	if err != nil {
		return err
	}
	c.Cookie(&fiber.Cookie{
		Name: s.visitCookieName(), Value: value, Path: models.TrackingPath + "/", MaxAge: int(tracking.VisitTime / time.Second),
		HTTPOnly: true, Secure: s.SecureCookies, SameSite: fiber.CookieSameSiteLaxMode,
	})
	return c.Redirect(samePage(c), fiber.StatusSeeOther)
}

// visitCookieName is the cookie's name, with the prefix that browsers tie to
// https; the stronger one would make the cookie go everywhere.
func (s *server) visitCookieName() string {
	if s.SecureCookies {
		return "__Secure-" + visitCookie
	}
	return visitCookie
}

// confirmStop asks whether somebody wants no more mails. A program that only
// looks at a link stops nothing.
func (s *server) confirmStop(c *fiber.Ctx) error {
	return s.renderStop(c, func(tracking.OptOut) (bool, error) { return false, nil })
}

// stopMails stops a merchant's mails to an address: from the page, or with one
// click in a mail program, which sends no cookie and no origin (RFC 8058). The
// sealed link is the proof.
func (s *server) stopMails(c *fiber.Ctx) error {
	return s.renderStop(c, func(o tracking.OptOut) (bool, error) {
		return true, s.DB.Write(c.UserContext(), func(tx *models.Tx) error { return tx.OptOut(o.MerchantID, o.AddressHash) })
	})
}

func (s *server) renderStop(c *fiber.Ctx, stop func(tracking.OptOut) (done bool, err error)) error {
	o, err := s.Tracking.ReadOptOut(c.Params("token"))
	if err != nil {
		return models.ErrNotFound
	}
	m, err := s.DB.Merchant(c.UserContext(), models.MerchantScope(o.MerchantID), o.MerchantID)
	if err != nil {
		return err
	}
	done, err := stop(o)
	if err != nil {
		return err
	}
	texts := locales.FromContext(c.UserContext())
	title := texts.T("track.stop_title")
	if done {
		title = texts.T("track.stopped_title")
	}
	return s.render(c, fiber.StatusOK, views.TrackStopPage(s.trackShell(c, title, m.Name, ""), views.TrackStop{Action: samePage(c), Done: done}))
}

// failPublic tells a customer of an error, and nothing of Tillpost.
func (s *server) failPublic(c *fiber.Ctx, f failure) error {
	texts := s.speakTo(c)
	title, help := views.ErrorText(texts, f.text)
	if f.status == fiber.StatusNotFound {
		title, help = texts.T("track.unknown_title"), texts.T("track.unknown_text")
	}
	return s.render(c, f.status, views.TrackErrorPage(s.trackShell(c, title, "", ""), title, help))
}
