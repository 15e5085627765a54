package handlers

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// Headers of htmx.
const (
	hxRequest     = "HX-Request"
	hxRequestType = "HX-Request-Type"
	hxCurrentURL  = "HX-Current-URL"
	hxRedirect    = "HX-Redirect"
	hxReswap      = "HX-Reswap"
	hxPushURL     = "HX-Push-Url"
	hxTrigger     = "HX-Trigger"
)

// closeDialog is the event by which an answer closes the page's dialog.
const closeDialog = "close-dialog"

// isHTMX says whether htmx asks, for a fragment or for a page.
func isHTMX(c *fiber.Ctx) bool { return c.Get(hxRequest) == "true" }

// wantsFragment says whether the answer goes into a part of a page.
func wantsFragment(c *fiber.Ctx) bool { return isHTMX(c) && c.Get(hxRequestType) != "full" }

// render renders into a buffer, so that an error can still become an error
// page, and answers with the status.
func (s *server) render(c *fiber.Ctx, status int, component templ.Component) error {
	buffer := templ.GetBuffer()
	defer templ.ReleaseBuffer(buffer)
	if err := component.Render(c.UserContext(), buffer); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	c.Vary(hxRequest, hxRequestType, fiber.HeaderCookie)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	// SetBody copies where Send keeps: the buffer goes to another request before
	// this answer is written.
	c.Status(status).Response().SetBody(buffer.Bytes())
	return nil
}

// page answers with a page, or with its fragment when that is what is asked for.
func (s *server) page(
	c *fiber.Ctx, v *viewer, title string, page func(views.Shell) templ.Component, fragment templ.Component,
) error {
	if wantsFragment(c) {
		return s.render(c, fiber.StatusOK, fragment)
	}
	return s.render(c, fiber.StatusOK, page(s.shell(c, v, title)))
}

// toast answers htmx with a toast and, beside it, whatever partials are given;
// the element that asked stays as it is.
func (s *server) toast(c *fiber.Ctx, status int, props ui.ToastProps, partials ...templ.Component) error {
	c.Set(hxReswap, "none")
	return s.render(c, status, templ.Join(append(partials, ui.PartialToast(props))...))
}

// redirect leads to another page: plain requests by 303, htmx by its header,
// since fetch would follow a 303 and swap the page into a part of this one.
func (s *server) redirect(c *fiber.Ctx, to string) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	if isHTMX(c) {
		c.Set(hxRedirect, to)
		return c.SendStatus(fiber.StatusOK)
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

// localPath is the target when it is a path of this site, else the fallback.
func localPath(target, fallback string) string {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return fallback
	}
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || strings.ContainsAny(target, "\\\r\n\t") ||
		strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return fallback
	}
	return u.RequestURI()
}

// nextQuery names the page to come back to after the login: the one that was
// asked for, or the one whose fragment was.
func nextQuery(c *fiber.Ctx) string {
	next := c.OriginalURL()
	if isHTMX(c) || c.Method() != fiber.MethodGet {
		from := c.Get(hxCurrentURL)
		if from == "" {
			from = c.Get(fiber.HeaderReferer)
		}
		u, err := url.Parse(from)
		if err != nil {
			return ""
		}
		next = u.RequestURI()
	}
	if next = localPath(next, "/"); next == "/" {
		return ""
	}
	return "?next=" + url.QueryEscape(next)
}

// pageOf is the part of a list that the address asks for.
func pageOf(c *fiber.Ctx) models.Page {
	return models.Page{Limit: c.QueryInt("limit"), Cursor: clip(c.Query("after"), 64)}
}
