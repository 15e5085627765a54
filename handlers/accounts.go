package handlers

import (
	"cmp"
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// accountPages are the pages of payment or of carrier accounts, and what the
// two differ in.
type accountPages struct {
	*server

	path   string
	prefix string // of ids
	table  credentials.Table
	seen   access // who may look at one account
	list   func(ctx context.Context, scope models.Scope) ([]views.AccountRow, error)
	load   func(ctx context.Context, scope models.Scope, id string) (views.AccountRow, error)
	create func(tx *models.Tx, a models.Account) error
	test   func(ctx context.Context, scope models.Scope, id string) (models.AccountTest, error)
	// edit changes an account under its lock; fresh means with new credentials.
	edit func(tx *models.Tx, scope models.Scope, id string, fresh bool, change func(a *models.Account) error) error
}

func (p accountPages) routes() []route {
	return []route{
		{fiber.MethodGet, p.path, staff, p.listAccounts},
		{fiber.MethodGet, p.path + "/new", admins, p.newAccount},
		{fiber.MethodPost, p.path, admins, p.createAccount},
		{fiber.MethodGet, p.path + "/:id", p.seen, p.showAccount},
		{fiber.MethodPost, p.path + "/:id", admins, p.updateAccount},
		{fiber.MethodPost, p.path + "/:id/test", admins, p.testAccount},
		{fiber.MethodPost, p.path + "/:id/enable", admins, p.enableAccount},
		{fiber.MethodGet, p.path + "/:id/disable", admins, p.confirmDisableAccount},
		{fiber.MethodPost, p.path + "/:id/disable", admins, p.disableAccount},
	}
}

func (p accountPages) listAccounts(c *fiber.Ctx, v *viewer) error {
	choice, err := p.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	view := views.AccountsView{
		Base: p.path, Merchant: choice.Ref, Merchants: choice.Options, Admin: admins.allows(v.Role),
	}
	if view.Rows, err = p.list(c.UserContext(), choice.Scope); err != nil {
		return err
	}
	for i := range view.Rows {
		view.Rows[i].Merchant = choice.name(view.Rows[i].Account.MerchantID)
	}
	return p.page(c, v, views.AccountsTitle(c.UserContext(), p.path), func(shell views.Shell) templ.Component {
		return views.AccountsPage(shell, view)
	}, views.AccountTable(view))
}

func (p accountPages) showAccount(c *fiber.Ctx, v *viewer) error {
	view, err := p.account(c, v)
	if err != nil {
		return err
	}
	return p.page(c, v, view.Account.Name, func(shell views.Shell) templ.Component {
		return views.AccountPage(shell, view)
	}, views.AccountHealth(view))
}

// renderAccount shows an account; refused is an edit of it that was refused, or
// nil, so that the account is shown as it stands, with why it is shown again.
func (p accountPages) renderAccount(
	c *fiber.Ctx, v *viewer, status int, refused *views.AccountForm, errs map[string]string,
) error {
	view, err := p.account(c, v)
	if err != nil {
		return err
	}
	if refused != nil {
		form := *refused
		form.Form, form.Fields = view.Form.Form, p.fields(form.Kind, &view.Account, values(form.Fields))
		form.Version = cmp.Or(c.FormValue(versionField), form.Version) // what was written is an edit of that one
		view.Form = form
	}
	view.Form.Errors = errs
	return p.render(c, status, views.AccountPage(p.shell(c, v, view.Account.Name), view))
}

// account loads the account that the address names, with the form that edits it.
func (p accountPages) account(c *fiber.Ctx, v *viewer) (views.AccountView, error) {
	row, err := p.load(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return views.AccountView{}, err
	}
	if row.Merchant, err = p.merchantName(c.UserContext(), v, row.Account.MerchantID); err != nil {
		return views.AccountView{}, err
	}
	view := views.AccountView{AccountRow: row, Base: p.path, Admin: admins.allows(v.Role)}
	if !view.Admin {
		return view, nil
	}
	if p.table == credentials.Gateways || p.Carriers.Notifies(row.Account.Kind) {
		view.Hook = payments.HookURL(p.BaseURL, row.Account.ID)
	}
	view.Form = p.editForm(&row.Account)
	view.Form.Form = views.Form{CSRF: v.csrf, Version: accountVersion(&row.Account)}
	if row.Carrier != nil {
		view.Limits = views.NewLimitsForm(row.Account.ID, views.Form{CSRF: v.csrf}, row.Carrier)
	}
	return view, nil
}

// accountVersion changes with every edit of an account.
func accountVersion(a *models.Account) string { return strconv.FormatInt(a.UpdatedAt.UnixMicro(), 10) }

// testTime is how long a test of a connection may take, providers' and
// carriers' own time limits included; other requests have less.
const testTime = 45 * time.Second

// testAccount asks the other side whether the credentials are right.
func (p accountPages) testAccount(c *fiber.Ctx, v *viewer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), testTime)
	defer cancel()
	stop := context.AfterFunc(p.base, cancel)
	defer stop()
	c.SetUserContext(ctx)
	row, err := p.load(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	result, err := p.test(ctx, v.Scope, row.Account.ID)
	if err != nil {
		return err
	}
	detail := map[string]string{"result": "ok"}
	if !result.OK {
		detail["result"] = "failed"
	}
	if err := p.note(c, v, &row.Account, "account.test", detail); err != nil {
		return err
	}
	if !isHTMX(c) {
		return p.redirect(c, p.path+"/"+row.Account.ID)
	}
	done := ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("accounts.test_ok")}
	if !result.OK {
		done = ui.ToastProps{Tone: ui.Danger, Text: v.Texts.T("accounts.test_failed")}
	}
	return p.healthChanged(c, v, done)
}

// healthChanged renews what an account's page says of its health.
func (p accountPages) healthChanged(c *fiber.Ctx, v *viewer, done ui.ToastProps) error {
	view, err := p.account(c, v)
	if err != nil {
		return err
	}
	return p.toast(c, fiber.StatusOK, done, views.Renewed("#account-health", views.AccountHealth(view)))
}

// note enters an act into the audit log and tells open lists.
func (p accountPages) note(c *fiber.Ctx, v *viewer, a *models.Account, action string, detail map[string]string) error {
	return p.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		tx.Announce(models.Hint{Topic: "account", ID: a.ID, MerchantID: a.MerchantID})
		return tx.Audit(v.actor(c), accountEntry(a, action, detail))
	})
}

func (p accountPages) enableAccount(c *fiber.Ctx, v *viewer) error {
	return p.switchAccount(c, v, "account.enable", true)
}

func (p accountPages) disableAccount(c *fiber.Ctx, v *viewer) error {
	return p.switchAccount(c, v, "account.disable", false)
}

func (p accountPages) switchAccount(c *fiber.Ctx, v *viewer, action string, on bool) error {
	id := c.Params("id")
	err := p.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		return p.edit(tx, v.Scope, id, false, func(a *models.Account) error {
			a.Enabled = on
			return tx.Audit(v.actor(c), accountEntry(a, action, nil))
		})
	})
	if err != nil {
		return err
	}
	return p.redirect(c, p.path+"/"+id)
}

func (p accountPages) confirmDisableAccount(c *fiber.Ctx, v *viewer) error {
	row, err := p.load(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	address := p.path + "/" + row.Account.ID
	form := views.ConfirmForm{
		Form: p.form(c, v, nil), Title: v.Texts.T("accounts.disable", "Name", row.Account.Name),
		Text: v.Texts.T("accounts.disable_gateway_text"), Label: v.Texts.T("common.disable"), Icon: "ban", Danger: true,
		Action: address + "/disable", BackHref: address, BackLabel: row.Account.Name,
	}
	if p.table == credentials.Carriers {
		form.Text = v.Texts.T("accounts.disable_carrier_text")
	}
	return p.render(c, fiber.StatusOK, views.ConfirmView(p.shell(c, v, form.Title), form))
}

// accountEntry is an entry of the audit log about an account. It names fields,
// never their values.
func accountEntry(a *models.Account, action string, detail map[string]string) models.AuditEntry {
	all := map[string]string{"kind": a.Kind, "name": a.Name}
	maps.Copy(all, detail)
	return models.AuditEntry{MerchantID: &a.MerchantID, Action: action, ObjectID: a.ID, Detail: all}
}
