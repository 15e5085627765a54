package handlers

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// maxPosition is the last place in the order in which accounts are tried.
const maxPosition = 9999

// newAccount asks whose account it is and at whom, then for what that needs.
func (p accountPages) newAccount(c *fiber.Ctx, v *viewer) error {
	ref, kind := clip(c.Query("merchant"), 64), clip(c.Query("kind"), 64)
	if _, known := credentials.KindOf(p.table, kind); !known || ref == "" {
		return p.renderKinds(c, v, fiber.StatusOK, views.KindForm{Merchant: ref, Kind: kind}, nil)
	}
	m, err := p.ownerOf(c, v, ref)
	if err != nil {
		return err
	}
	form := views.AccountForm{Kind: kind, Merchant: m.Ref, Owner: m.Name, Fields: p.fields(kind, nil, nil)}
	return p.renderAccountForm(c, v, fiber.StatusOK, form, nil)
}

func (p accountPages) renderKinds(
	c *fiber.Ctx, v *viewer, status int, form views.KindForm, errs map[string]string,
) error {
	choice, err := p.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	form.Form, form.Base, form.Merchants = p.form(c, v, errs), p.path, choice.Options
	for _, kind := range credentials.Kinds(p.table) {
		form.Kinds = append(form.Kinds, kind.Name)
	}
	return p.render(c, status, views.AccountKindView(p.shell(c, v, v.Texts.T("accounts.new")), form))
}

func (p accountPages) renderAccountForm(
	c *fiber.Ctx, v *viewer, status int, form views.AccountForm, errs map[string]string,
) error {
	form.Form, form.Base = p.form(c, v, errs), p.path
	return p.render(c, status, views.AccountFormView(p.shell(c, v, v.Texts.T("accounts.new")), form))
}

// fields are the inputs of an account of the kind. Of secrets they have what
// may be told, never the secret.
func (p accountPages) fields(kind string, stored *models.Account, sent map[string]string) []views.AccountField {
	k, _ := credentials.KindOf(p.table, kind) // an unknown kind has no fields
	var fields []views.AccountField
	for _, f := range k.Fields {
		known := stored != nil && stored.Sealed[f.Name] != ""
		field := views.AccountField{Name: f.Name, Secret: f.Secret, Optional: f.Optional, Multiline: f.Multiline}
		if !f.Secret {
			field.Value = sent[f.Name]
		}
		if stored != nil && !f.Secret && sent == nil {
			field.Value = stored.Fields[f.Name]
		}
		if known {
			hint := stored.Hints[f.Name]
			field.Hint = &hint
		}
		fields = append(fields, field)
	}
	return fields
}

func values(fields []views.AccountField) map[string]string {
	found := make(map[string]string, len(fields))
	for _, f := range fields {
		found[f.Name] = f.Value
	}
	return found
}

// editForm is the form that edits an account.
func (p accountPages) editForm(a *models.Account) views.AccountForm {
	return views.AccountForm{
		Base: p.path, ID: a.ID, Kind: a.Kind, Name: a.Name, BaseURL: a.BaseURL, Position: strconv.Itoa(a.Position),
		Fields: p.fields(a.Kind, a, nil),
	}
}

// sentAccount is what a form says of an account. The credentials are in Edit
// only: Form goes back to the browser when it is refused.
type sentAccount struct {
	Form     views.AccountForm
	Edit     credentials.Edit
	Position int
	Fresh    bool // there is a new secret among the values
}

// readAccount reads the form of an account of the kind.
func (p accountPages) readAccount(c *fiber.Ctx, v *viewer, kind string) (sentAccount, error) {
	sent := sentAccount{
		Form: views.AccountForm{
			Base: p.path, Kind: kind, Name: clip(field(c, "name"), 100), BaseURL: field(c, "base_url"), Position: field(c, "position"),
		},
	}
	all := map[string]string{}
	k, _ := credentials.KindOf(p.table, kind) // an unknown kind is refused when it is applied
	for _, f := range k.Fields {
		value := field(c, views.FieldPrefix+f.Name)
		all[f.Name] = value
		sent.Fresh = sent.Fresh || f.Secret && value != ""
	}
	sent.Form.Fields = p.fields(kind, nil, all)
	sent.Edit = credentials.Edit{
		Name: sent.Form.Name, BaseURL: sent.Form.BaseURL, Values: all, By: v.User.Email, At: p.DB.Now(),
	}
	position, err := strconv.Atoi(cmp.Or(sent.Form.Position, "0"))
	if err != nil || position < 0 || position > maxPosition {
		return sent, models.Invalid("position", "bad_position")
	}
	sent.Position = position
	return sent, nil
}

// needs are the fields that a new account cannot do without.
func (s *sentAccount) needs() map[string]string {
	needed := map[string]string{"name": s.Form.Name}
	for _, f := range s.Form.Fields {
		if !f.Optional {
			needed[f.Name] = s.Edit.Values[f.Name]
		}
	}
	return needed
}

func (p accountPages) createAccount(c *fiber.Ctx, v *viewer) error {
	kind := clip(field(c, "kind"), 64)
	m, err := p.ownerOf(c, v, field(c, "merchant"))
	if err == nil {
		if _, known := credentials.KindOf(p.table, kind); !known {
			err = models.Invalid("kind", "unknown_kind")
		}
	}
	if errs := fieldErrors(v, err); errs != nil {
		return p.renderKinds(c, v, fiber.StatusUnprocessableEntity, views.KindForm{Kind: kind}, errs)
	}
	if err != nil {
		return err
	}
	sent, err := p.readAccount(c, v, kind)
	sent.Form.Merchant, sent.Form.Owner = m.Ref, m.Name
	answer := models.Answer{}
	if errs := missing(v, sent.needs()); errs != nil {
		return p.renderAccountForm(c, v, fiber.StatusUnprocessableEntity, sent.Form, errs)
	}
	if err == nil {
		answer, err = p.addAccount(c, v, m, sent)
	}
	if errs := fieldErrors(v, err); errs != nil {
		return p.renderAccountForm(c, v, fiber.StatusUnprocessableEntity, sent.Form, errs)
	}
	if err != nil {
		return err
	}
	return p.redirect(c, answer.Location)
}

func (p accountPages) addAccount(c *fiber.Ctx, v *viewer, m *models.Merchant, sent sentAccount) (models.Answer, error) {
	account := models.Account{
		ID: models.NewID(p.prefix), MerchantID: m.ID, Kind: sent.Form.Kind, Position: sent.Position, Enabled: true,
	}
	if err := p.Vault.Apply(p.table, &account, sent.Edit); err != nil {
		return models.Answer{}, err
	}
	return p.once(c, v, m.ID, func(tx *models.Tx) (models.Answer, error) {
		if err := p.create(tx, account); err != nil {
			return models.Answer{}, err
		}
		tx.Announce(models.Hint{Topic: "account", ID: account.ID, MerchantID: m.ID, New: true})
		answer := models.Answer{Status: fiber.StatusSeeOther, Location: p.path + "/" + account.ID}
		return answer, tx.Audit(v.actor(c), accountEntry(&account, "account.create", changes(models.Account{}, account)))
	})
}

// updateAccount edits an account; secrets that are left empty stay.
func (p accountPages) updateAccount(c *fiber.Ctx, v *viewer) error {
	row, err := p.load(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	id := row.Account.ID
	sent, err := p.readAccount(c, v, row.Account.Kind)
	sent.Form.ID = id
	if err == nil {
		err = p.DB.Write(c.UserContext(), func(tx *models.Tx) error {
			return p.edit(tx, v.Scope, id, sent.Fresh, func(a *models.Account) error {
				if !sameVersion(c, accountVersion(a)) {
					return errChanged
				}
				before := *a
				if err := p.Vault.Apply(p.table, a, sent.Edit); err != nil {
					return err
				}
				a.Position = sent.Position
				return tx.Audit(v.actor(c), accountEntry(a, "account.update", changes(before, *a)))
			})
		})
	}
	if errors.Is(err, errChanged) {
		return p.renderAccount(c, v, fiber.StatusConflict, nil, map[string]string{"": errorText(v.Texts, errChanged)})
	}
	if errs := fieldErrors(v, err); errs != nil {
		return p.renderAccount(c, v, fiber.StatusUnprocessableEntity, &sent.Form, errs)
	}
	if err != nil {
		return err
	}
	return p.redirect(c, p.path+"/"+id)
}

// changes names what an edit changed, for the audit log.
func changes(before, after models.Account) map[string]string {
	var names []string
	note := func(name string, changed bool) {
		if changed {
			names = append(names, name)
		}
	}
	note("name", before.Name != after.Name)
	note("base_url", before.BaseURL != after.BaseURL)
	note("position", before.Position != after.Position)
	for _, pair := range [][2]map[string]string{{before.Fields, after.Fields}, {before.Sealed, after.Sealed}} {
		all := maps.Clone(pair[0])
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, pair[1])
		for _, name := range slices.Sorted(maps.Keys(all)) {
			note(name, pair[0][name] != pair[1][name])
		}
	}
	detail := map[string]string{"base_url": after.BaseURL}
	if after.BaseURL == "" {
		delete(detail, "base_url")
	}
	if len(names) > 0 {
		detail["changed"] = strings.Join(names, " ")
	}
	return detail
}
