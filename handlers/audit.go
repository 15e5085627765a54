package handlers

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) auditRoutes() []route {
	return []route{{fiber.MethodGet, "/audit", admins, s.listAudit}}
}

func (s *server) listAudit(c *fiber.Ctx, v *viewer) error {
	view := views.AuditView{
		Filter: models.AuditFilter{
			ObjectID: clip(strings.TrimSpace(c.Query("object")), 64), Action: clip(c.Query("action"), 64), ActorID: clip(c.Query("actor"), 64),
		},
	}
	p := pageOf(c)
	entries, next, err := s.DB.AuditEntries(c.UserContext(), v.Scope, view.Filter, p)
	if err != nil {
		return err
	}
	merchants, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	for i := range entries {
		row := views.AuditRow{Entry: entries[i]}
		if id := entries[i].MerchantID; id != nil {
			row.Merchant = merchants.name(*id)
		}
		view.Rows = append(view.Rows, row)
	}
	view.After = p.Cursor
	view.NextHref = nextHref(view.Address(), next)
	return s.page(c, v, v.Texts.T("nav.audit"), func(shell views.Shell) templ.Component {
		return views.AuditPage(shell, view)
	}, views.AuditTable(view))
}
