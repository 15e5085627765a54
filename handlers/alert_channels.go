package handlers

import (
	"errors"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

func (s *server) listChannels(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	channels, err := s.DB.AlertChannels(ctx, v.Scope)
	if err != nil {
		return err
	}
	view := views.ChannelsView{NoServer: !s.Alerts.Mails(), Staff: v.Merchant == nil}
	for _, kind := range credentials.Kinds(credentials.Channels) {
		view.Kinds = append(view.Kinds, kind.Name)
	}
	names := map[string]string{}
	if view.Staff {
		merchants, err := s.DB.Merchants(ctx, v.Scope)
		if err != nil {
			return err
		}
		for i := range merchants {
			names[merchants[i].ID] = merchants[i].Name
		}
		for _, configured := range s.Alerts.Configured() {
			view.Configured = append(view.Configured, views.ConfiguredChannel{Kind: configured.Kind, Host: configured.Host})
		}
	}
	for i := range channels {
		row := views.ChannelRow{Channel: channels[i], Staff: view.Staff}
		if id := channels[i].MerchantID; id != nil {
			row.Merchant = names[*id]
		}
		view.Rows = append(view.Rows, row)
	}
	return s.render(c, fiber.StatusOK, views.ChannelsPage(s.shell(c, v, v.Texts.T("incidents.channels")), view))
}

func (s *server) newChannel(c *fiber.Ctx, v *viewer) error {
	kind, ok := credentials.KindOf(credentials.Channels, c.Query("kind"))
	if !ok {
		return s.redirect(c, views.ChannelsPath)
	}
	form := views.ChannelForm{
		Kind: kind.Name, Enabled: true, Language: string(v.Texts.Language()), Timezone: v.Zone.String(), Wish: wishForm(v, models.AlertWish{}),
	}
	return s.renderChannel(c, v, fiber.StatusOK, form, kind, nil)
}

// renderChannel shows the form of a channel, with what was refused.
func (s *server) renderChannel(
	c *fiber.Ctx, v *viewer, status int, form views.ChannelForm, kind credentials.Kind, errs map[string]string,
) error {
	form.Form, form.HasBase = s.form(c, v, errs), kind.Name == alerts.KindTelegram
	for _, f := range kind.Fields {
		shown := views.AccountField{Name: f.Name, Secret: f.Secret, Optional: f.Optional}
		if form.Channel != nil {
			shown.Value = form.Channel.Fields[f.Name]
			if hint, set := form.Channel.Hints[f.Name]; set {
				shown.Hint = &hint
			}
		}
		if status != fiber.StatusOK && !f.Secret {
			shown.Value = clip(field(c, views.FieldPrefix+f.Name), 2048)
		}
		form.Fields = append(form.Fields, shown)
	}
	return s.render(c, status, views.ChannelFormView(s.shell(c, v, v.Texts.T("incidents.channels")), form))
}

// readChannel reads what was sent, as it is shown again and as it is stored.
func readChannel(c *fiber.Ctx, v *viewer, kind credentials.Kind) (views.ChannelForm, alerts.ChannelEdit, error) {
	wish, err := readWish(c, v)
	form := views.ChannelForm{
		Kind: kind.Name, Name: clip(field(c, "name"), 100), BaseURL: clip(field(c, "base_url"), 2048), Enabled: field(c, "enabled") != "",
		Language: languageOf(field(c, "language")), Timezone: clip(field(c, "timezone"), 64), Wish: wishForm(v, wish),
	}
	edit := alerts.ChannelEdit{
		Name: form.Name, BaseURL: form.BaseURL, Values: map[string]string{}, Enabled: form.Enabled, Language: form.Language,
		Timezone: form.Timezone, Wish: wish,
	}
	for _, f := range kind.Fields {
		edit.Values[f.Name] = strings.TrimSpace(c.FormValue(views.FieldPrefix + f.Name))
	}
	return form, edit, err
}

// createChannel makes a channel; a secret that was made with it is shown once. The
// second sending of a form only shows what came of the first.
func (s *server) createChannel(c *fiber.Ctx, v *viewer) error {
	kind, ok := credentials.KindOf(credentials.Channels, field(c, "kind"))
	if !ok {
		return models.Invalid("kind", "unknown_kind")
	}
	form, edit, err := readChannel(c, v, kind)
	var (
		made   *models.AlertChannel
		secret string
	)
	// The channel's id is that of the form, so that sending it twice makes one.
	key, isKey := strings.CutPrefix(c.FormValue(keyField), "form_")
	if edit.ID = models.PrefixAlertChannel + "_" + key; err == nil && (!isKey || !models.IsID(models.PrefixAlertChannel, edit.ID)) {
		err = models.Invalid(keyField, "required")
	}
	if err == nil {
		var owner *string
		if v.Merchant != nil {
			owner = &v.Merchant.ID
		}
		err = s.DB.Write(c.UserContext(), func(tx *models.Tx) (err error) {
			made, secret, err = s.Alerts.CreateChannel(tx, owner, kind.Name, edit, v.actor(c))
			return err
		})
	}
	if errors.Is(err, errSentBefore) {
		made, err = s.DB.AlertChannel(c.UserContext(), v.Scope, edit.ID)
		if err == nil && (made.Kind != kind.Name || made.Name != form.Name) {
			err = errSentBefore
		}
	}
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderChannel(c, v, fiber.StatusUnprocessableEntity, form, kind, errs)
	}
	if err != nil {
		return err
	}
	if err := s.askHolder(c, v, made.ID); err != nil {
		return err
	}
	secretMade := kind.Name == alerts.KindWebhook && field(c, views.FieldPrefix+"secret") == ""
	if !secretMade {
		return s.redirect(c, views.ChannelsPath+"/"+made.ID)
	}
	view := views.ChannelSecretView{Form: s.form(c, v, nil), ID: made.ID, Name: made.Name, Text: secret}
	return s.render(c, fiber.StatusOK, views.ChannelSecretPage(s.shell(c, v, v.Texts.T("endpoints.secret")), view))
}

// channel loads the channel that the address names, as its form.
func (s *server) channel(c *fiber.Ctx, v *viewer) (*models.AlertChannel, credentials.Kind, views.ChannelForm, error) {
	stored, err := s.DB.AlertChannel(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return nil, credentials.Kind{}, views.ChannelForm{}, err
	}
	kind, ok := credentials.KindOf(credentials.Channels, stored.Kind)
	if !ok {
		return nil, kind, views.ChannelForm{}, models.ErrNotFound
	}
	return stored, kind, views.ChannelForm{
		ID: stored.ID, Kind: stored.Kind, Name: stored.Name, BaseURL: stored.BaseURL, Enabled: stored.Enabled,
		Language: stored.Language, Timezone: stored.Timezone, Wish: wishForm(v, stored.AlertWish), Channel: stored,
	}, nil
}

func (s *server) showChannel(c *fiber.Ctx, v *viewer) error {
	_, kind, form, err := s.channel(c, v)
	if err != nil {
		return err
	}
	return s.renderChannel(c, v, fiber.StatusOK, form, kind, nil)
}

func (s *server) updateChannel(c *fiber.Ctx, v *viewer) error {
	stored, kind, _, err := s.channel(c, v)
	if err != nil {
		return err
	}
	form, edit, err := readChannel(c, v, kind)
	form.ID, form.Channel = stored.ID, stored
	if err == nil {
		err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
			return s.Alerts.UpdateChannel(tx, v.Scope, stored.ID, edit, v.actor(c))
		})
	}
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderChannel(c, v, fiber.StatusUnprocessableEntity, form, kind, errs)
	}
	if err != nil {
		return err
	}
	if err := s.askHolder(c, v, stored.ID); err != nil {
		return err
	}
	return s.redirect(c, views.ChannelsPath+"/"+stored.ID)
}

// testChannel sends a message now and says in plain words what came of it.
func (s *server) testChannel(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	failure, _, err := s.Alerts.TestChannel(c.UserContext(), v.Scope, id, v.actor(c))
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, views.ChannelsPath+"/"+id)
	}
	stored, kind, form, err := s.channel(c, v)
	if err != nil {
		return err
	}
	done := ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("incidents.test_ok")}
	if stored.Unconfirmed() {
		done.Text = v.Texts.T("incidents.link_sent", "Address", stored.Fields["address"])
	}
	if failure != "" {
		done = ui.ToastProps{Tone: ui.Danger, Text: v.Texts.T("incidents.test_failed")}
	}
	form.Form, form.HasBase = views.Form{CSRF: v.csrf}, kind.Name == alerts.KindTelegram
	for _, f := range kind.Fields {
		shown := views.AccountField{Name: f.Name, Secret: f.Secret, Optional: f.Optional, Value: stored.Fields[f.Name]}
		if hint, set := stored.Hints[f.Name]; set {
			shown.Hint = &hint
		}
		form.Fields = append(form.Fields, shown)
	}
	return s.toast(c, fiber.StatusOK, done, views.Renewed("#channel-detail", views.ChannelDetail(form)))
}

func (s *server) confirmDeleteChannel(c *fiber.Ctx, v *viewer) error {
	stored, _, _, err := s.channel(c, v)
	if err != nil {
		return err
	}
	address := views.ChannelsPath + "/" + stored.ID
	form := views.ConfirmForm{
		Form: s.form(c, v, nil), Title: v.Texts.T("incidents.delete_of", "Name", stored.Name), Text: v.Texts.T("incidents.delete_text"),
		Action: address + "/delete", Label: v.Texts.T("common.delete"), Icon: "trash-2", Danger: true, BackHref: address, BackLabel: stored.Name,
	}
	return s.render(c, fiber.StatusOK, views.ConfirmView(s.shell(c, v, form.Title), form))
}

func (s *server) deleteChannel(c *fiber.Ctx, v *viewer) error {
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		return s.Alerts.DeleteChannel(tx, v.Scope, c.Params("id"), v.actor(c))
	})
	if err != nil {
		return err
	}
	return s.redirect(c, views.ChannelsPath)
}

// wishForm is which messages somebody wants, as a form shows it.
func wishForm(v *viewer, w models.AlertWish) views.AlertWishForm {
	return views.AlertWishForm{Critical: w.Critical, Kinds: kindsFor(v), Chosen: w.Kinds, From: w.QuietFrom, To: w.QuietTo}
}

// readWish reads which messages somebody wants. All kinds are the same as no
// choice: kinds that a newer version brings are among them.
func readWish(c *fiber.Ctx, v *viewer) (models.AlertWish, error) {
	w := models.AlertWish{
		Critical: field(c, "critical") != "", QuietFrom: clip(field(c, "quiet_from"), 5), QuietTo: clip(field(c, "quiet_to"), 5), Kinds: []string{},
	}
	all, chosen := kindsFor(v), checked(c, "kinds")
	for _, kind := range all {
		if slices.Contains(chosen, kind) {
			w.Kinds = append(w.Kinds, kind)
		}
	}
	switch len(w.Kinds) {
	case 0:
		return w, models.Invalid("kinds", "choose_kinds")
	case len(all):
		w.Kinds = []string{}
	}
	return w, nil
}
