package handlers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/settlement"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

func (s *server) reconciliationRoutes() []route {
	return []route{
		{fiber.MethodGet, views.ReconciliationPath, signedIn, s.listSettlements},
		{fiber.MethodGet, views.ReconciliationPath + "/new", staff, s.newSettlement},
		{fiber.MethodPost, views.ReconciliationPath, staff, s.createSettlement},
		{fiber.MethodGet, views.ReconciliationPath + "/:id", signedIn, s.showSettlement},
		{fiber.MethodGet, views.ReconciliationPath + "/:id/export", signedIn, s.exportSettlement},
	}
}

func (s *server) listSettlements(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	p := pageOf(c)
	files, next, err := s.DB.SettlementFiles(ctx, choice.Scope, "", models.Page{Limit: listRows, Cursor: p.Cursor})
	if err != nil {
		return err
	}
	names, err := s.accountNames(ctx, choice.Scope)
	if err != nil {
		return err
	}
	view := views.SettlementsView{Merchant: choice.Ref, Merchants: choice.Options, Staff: choice.Staff, After: p.Cursor}
	for i := range files {
		view.Rows = append(view.Rows, views.SettlementRow{
			File: files[i], Account: names[files[i].GatewayAccountID], Merchant: choice.name(files[i].MerchantID), Staff: choice.Staff, Now: s.DB.Now(),
		})
	}
	view.NextHref = nextHref(view.Address(), next)
	tellAddress(c, view.Address())
	return s.page(c, v, v.Texts.T("nav.reconciliation"), func(shell views.Shell) templ.Component {
		return views.SettlementsPage(shell, view)
	}, views.SettlementTable(view))
}

func (s *server) newSettlement(c *fiber.Ctx, v *viewer) error {
	return s.renderSettlementForm(c, v, fiber.StatusOK, views.SettlementForm{Account: c.Query("account")})
}

func (s *server) renderSettlementForm(c *fiber.Ctx, v *viewer, status int, form views.SettlementForm) error {
	merchants, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	accounts, err := s.DB.GatewayAccounts(c.UserContext(), v.Scope)
	if err != nil {
		return err
	}
	for i := range accounts {
		form.Accounts = append(form.Accounts, ui.Option{
			Value: accounts[i].ID, Label: merchants.name(accounts[i].MerchantID) + " · " + accounts[i].Name,
		})
	}
	form.Form = views.Form{CSRF: v.csrf, Errors: form.Errors}
	return s.render(c, status, views.SettlementFormView(s.shell(c, v, v.Texts.T("reconciliation.new")), form))
}

// reconcileTime is how long a file may be read and matched; other requests have less.
const reconcileTime = 10 * time.Minute

func (s *server) createSettlement(c *fiber.Ctx, v *viewer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), reconcileTime)
	defer cancel()
	stop := context.AfterFunc(s.base, cancel)
	defer stop()
	c.SetUserContext(ctx)
	form := views.SettlementForm{Account: field(c, "account"), Format: oneOf(field(c, "format"), settlement.Formats...)}
	report, err := s.reconcile(c, v, form)
	if err == nil {
		return s.redirect(c, views.ReconciliationPath+"/"+report.FileID)
	}
	if unreadable, ok := errors.AsType[*settlement.FileError](err); ok {
		form.Errors = map[string]string{"file": v.Texts.T("reconciliation.unreadable", "Reason", unreadable.Error())}
	} else if form.Errors = fieldErrors(v, err); form.Errors == nil {
		return err
	}
	return s.renderSettlementForm(c, v, fiber.StatusUnprocessableEntity, form)
}

func (s *server) reconcile(c *fiber.Ctx, v *viewer, form views.SettlementForm) (settlement.Report, error) {
	account, err := s.DB.GatewayAccount(c.UserContext(), v.Scope, form.Account)
	if errors.Is(err, models.ErrNotFound) {
		return settlement.Report{}, models.Invalid("account", "unknown_gateway")
	}
	if err != nil {
		return settlement.Report{}, err
	}
	if form.Format == "" {
		return settlement.Report{}, models.Invalid("format", "required")
	}
	upload, err := c.FormFile("file")
	if err != nil { // there is none, or the form is not one of files
		return settlement.Report{}, models.Invalid("file", "required")
	}
	file, err := upload.Open()
	if err != nil {
		return settlement.Report{}, fmt.Errorf("open upload: %w", err)
	}
	defer func() { _ = file.Close() }() // all of it has been read
	return settlement.Import(c.UserContext(), s.DB, account, file, settlement.Options{
		Name: clip(upload.Filename, 200), Format: form.Format, Actor: v.actor(c),
	})
}

// shownRefusals is how many lines that could not be read a page shows.
const shownRefusals = 100

func (s *server) showSettlement(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	f, err := s.DB.SettlementFile(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	view := views.SettlementView{Filter: differenceFilter(c), SettlementRow: views.SettlementRow{File: *f, Staff: v.Merchant == nil}}
	names, err := s.accountNames(ctx, v.Scope.Narrow(f.MerchantID))
	if err != nil {
		return err
	}
	view.Account = names[f.GatewayAccountID]
	if view.SettlementRow.Merchant, err = s.merchantName(ctx, v, f.MerchantID); err != nil {
		return err
	}
	if view.Counts, err = s.DB.CountDifferences(ctx, f.ID); err != nil {
		return err
	}
	if view.Sums, err = s.DB.SettlementSums(ctx, f.ID); err != nil {
		return err
	}
	if view.Refusals, err = s.DB.SettlementRefusals(ctx, f.ID, shownRefusals); err != nil {
		return err
	}
	after, err := strconv.ParseInt(c.Query("after"), 10, 64)
	if err == nil && after > 0 {
		view.After = strconv.FormatInt(after, 10)
	}
	if view.Lines, err = s.DB.SettlementDifferences(ctx, f.ID, view.Filter, max(after, 0), listRows+1); err != nil {
		return err
	}
	if len(view.Lines) > listRows {
		view.Lines = view.Lines[:listRows]
		view.NextHref = nextHref(view.Address(), strconv.FormatInt(view.Lines[listRows-1].Position, 10))
	}
	tellAddress(c, view.Address())
	return s.page(c, v, f.Name, func(shell views.Shell) templ.Component {
		return views.SettlementPage(shell, view)
	}, views.DifferenceList(view))
}

// differenceFilter reads the filter from the address; what does not exist is no filter.
func differenceFilter(c *fiber.Ctx) models.DifferenceFilter {
	var f models.DifferenceFilter
	for _, d := range models.Differences {
		if c.Query("difference") == string(d) {
			f.Difference = d
		}
	}
	for _, kind := range models.SettlementKinds {
		if c.Query("kind") == string(kind) {
			f.Kind = kind
		}
	}
	return f
}
