package alerts

import (
	"cmp"
	"context"
	"errors"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/safehttp"
)

const (
	maxReason = 500
	maxName   = 100
)

// reasonOf is a reason that somebody gave; without one nothing is done.
func reasonOf(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", models.Invalid("reason", "required")
	}
	return clip(text, maxReason), nil
}

func incidentEntry(i *models.Incident, action, reason string, detail map[string]string) models.AuditEntry {
	return models.AuditEntry{MerchantID: i.MerchantID, Action: action, ObjectID: i.ID, Reason: reason, Detail: detail}
}

// Acknowledge notes that somebody sees to an incident, which ends its reminders.
func (s *Service) Acknowledge(tx *models.Tx, scope models.Scope, id, reason string, actor models.Actor) error {
	i, err := tx.Incident(scope, id)
	if err != nil {
		return err
	}
	if reason, err = reasonOf(reason); err != nil {
		return err
	}
	if err := tx.AcknowledgeIncident(i, actor.Name, reason); err != nil {
		return err
	}
	return tx.Audit(actor, incidentEntry(i, "incident.acknowledge", reason, map[string]string{"kind": i.Kind}))
}

// Silence keeps everybody from hearing of an incident, and of the same again,
// for a while.
func (s *Service) Silence(tx *models.Tx, scope models.Scope, id string, lasting time.Duration, reason string, actor models.Actor) error {
	i, err := tx.Incident(scope, id)
	if err != nil {
		return err
	}
	if reason, err = reasonOf(reason); err != nil {
		return err
	}
	until := tx.Now().Add(lasting)
	err = tx.SilenceAlert(models.AlertSilence{Key: i.Key, Until: until, Reason: reason, CreatedBy: actor.Name})
	if err != nil {
		return err
	}
	tx.Announce(models.Hint{Topic: "incident", ID: i.ID})
	return tx.Audit(actor, incidentEntry(i, "incident.silence", reason, map[string]string{"kind": i.Kind, "until": until.Format(time.RFC3339)}))
}

// Unsilence lets everybody hear of an incident again.
func (s *Service) Unsilence(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error {
	i, err := tx.Incident(scope, id)
	if err != nil {
		return err
	}
	if err := tx.UnsilenceAlert(i.Key); err != nil {
		return err
	}
	tx.Announce(models.Hint{Topic: "incident", ID: i.ID})
	return tx.Audit(actor, incidentEntry(i, "incident.unsilence", "", map[string]string{"kind": i.Kind}))
}

// RuleEdit is what an administrator sets of a rule.
type RuleEdit struct {
	Enabled  bool
	Severity string
	Limits   Limits
}

// EditRule changes a rule. Limits that are as they come are not stored, so that
// they follow when a new version brings better ones.
func (s *Service) EditRule(tx *models.Tx, kind string, e RuleEdit, actor models.Actor) error {
	r, ok := RuleOf(kind)
	if !ok {
		return models.ErrNotFound
	}
	if e.Severity != models.SeverityWarning && e.Severity != models.SeverityCritical {
		return models.Invalid("severity", "unknown_severity")
	}
	limits := map[string]int64{}
	for _, l := range r.Limits {
		value, set := e.Limits[l.Name]
		if !set || value < l.Min || value > l.Max {
			return models.Invalid(l.Name, "out_of_range")
		}
		if value != l.Default {
			limits[l.Name] = value
		}
	}
	err := tx.PutAlertRule(models.AlertRule{Kind: kind, Enabled: e.Enabled, Severity: e.Severity, Limits: limits, UpdatedBy: actor.Name})
	if err != nil {
		return err
	}
	detail := map[string]string{"kind": kind, "severity": e.Severity, "enabled": strconv.FormatBool(e.Enabled)}
	for name, value := range limits {
		detail[name] = strconv.FormatInt(value, 10)
	}
	return tx.Audit(actor, models.AuditEntry{Action: "alert_rule.update", ObjectID: kind, Detail: detail})
}

// ChannelEdit is what a form says of a channel.
type ChannelEdit struct {
	ID                 string // of a new one; empty: one is made
	Name, BaseURL      string
	Values             map[string]string
	Enabled            bool
	Language, Timezone string
	Wish               models.AlertWish
}

// CreateChannel adds a channel. A webhook without a secret gets one, which is
// returned, to be shown once.
func (s *Service) CreateChannel(
	tx *models.Tx, merchantID *string, kind string, e ChannelEdit, actor models.Actor,
) (c *models.AlertChannel, secret string, err error) {
	if kind == KindWebhook && e.Values["secret"] == "" {
		secret = notify.NewSecret()
		e.Values["secret"] = secret
	}
	c = &models.AlertChannel{ID: cmp.Or(e.ID, models.NewID(models.PrefixAlertChannel)), MerchantID: merchantID, Kind: kind}
	if err := s.fill(c, e, actor, tx.Now()); err != nil {
		return nil, "", err
	}
	if err := tx.CreateAlertChannel(*c); err != nil {
		return nil, "", err
	}
	return c, secret, tx.Audit(actor, c.Entry("alert_channel.create"))
}

// UpdateChannel edits a channel; what is left empty of its secrets stays.
func (s *Service) UpdateChannel(tx *models.Tx, scope models.Scope, id string, e ChannelEdit, actor models.Actor) error {
	c, err := tx.AlertChannel(scope, id)
	if err != nil {
		return err
	}
	if err := s.fill(c, e, actor, tx.Now()); err != nil {
		return err
	}
	if err := tx.UpdateAlertChannel(c); err != nil {
		return err
	}
	return tx.Audit(actor, c.Entry("alert_channel.update"))
}

// DeleteChannel removes a channel.
func (s *Service) DeleteChannel(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error {
	c, err := tx.AlertChannel(scope, id)
	if err != nil {
		return err
	}
	if err := tx.DeleteAlertChannel(scope, id); err != nil {
		return err
	}
	return tx.Audit(actor, c.Entry("alert_channel.delete"))
}

// fill writes an edit into a channel, its secrets sealed.
func (s *Service) fill(c *models.AlertChannel, e ChannelEdit, actor models.Actor, at time.Time) error {
	if err := s.checkValues(c, e); err != nil {
		return err
	}
	account, host := c.AsAccount(), c.Fields["host"]
	if u := e.Values["url"]; u != "" {
		host = hostOf(u)
	}
	edit := credentials.Edit{Name: clip(e.Name, maxName), BaseURL: e.BaseURL, Values: e.Values, By: actor.Name, At: at}
	if err := s.vault.Apply(credentials.Channels, &account, edit); err != nil {
		return err
	}
	c.TakeAccount(account)
	if host != "" { // of a secret address, what may be shown
		c.Fields["host"] = host
	}
	c.Enabled, c.Language, c.Timezone, c.AlertWish = e.Enabled, e.Language, e.Timezone, e.Wish
	for _, kind := range c.Kinds {
		if _, ok := RuleOf(kind); !ok {
			return models.Invalid("kinds", "unknown_kind")
		}
	}
	return nil
}

// checkValues refuses addresses that nothing could be sent to.
func (s *Service) checkValues(c *models.AlertChannel, e ChannelEdit) error {
	kind, private := c.Kind, "private_address"
	if c.MerchantID != nil { // who cannot change what is allowed
		private = "url_private_address"
	}
	reach := safehttp.Options{BlockPrivate: true, Allow: s.opts.AllowNets}
	for field, address := range map[string]string{"url": e.Values["url"], "base_url": e.BaseURL} {
		if address == "" {
			continue
		}
		if err := safehttp.CheckURL(address, reach); err != nil {
			if errors.Is(err, safehttp.ErrPrivateAddress) {
				return &models.Error{Kind: models.KindInvalid, Field: field, Code: private}
			}
			return models.Invalid(field, "bad_url")
		}
	}
	if address := e.Values["address"]; kind == KindMail && address != "" {
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			return models.Invalid("address", "bad_email")
		}
	}
	if key := e.Values["secret"]; kind == KindWebhook && key != "" {
		if _, err := notify.Sign([]string{key}, "check", time.Unix(0, 0), nil); err != nil {
			return models.Invalid("secret", "bad_webhook_secret")
		}
	}
	return nil
}

// TestChannel sends a test message and keeps what came of it; empty when it
// arrived. The holder of an address who has not agreed is asked to instead. Too
// soon, or too often, it is a conflict as BeginChannelTest and
// BeginChannelQuestion say.
func (s *Service) TestChannel(ctx context.Context, scope models.Scope, id string, actor models.Actor) (kind, detail string, err error) {
	c, err := s.db.AlertChannel(ctx, scope, id)
	if err != nil {
		return "", "", err
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		if c.Unconfirmed() {
			return tx.BeginChannelQuestion(c, actor)
		}
		return tx.BeginChannelTest(c, actor)
	})
	if err != nil {
		return "", "", err
	}
	if sent := s.test(ctx, c); sent != nil {
		kind, detail = Reason(failureOf(sent).String())
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		if c.Unconfirmed() && kind == "" { // that a question was sent is no test
			return tx.ForgetChannelTest(id)
		}
		return tx.NoteChannelTest(id, kind, detail)
	})
	return kind, detail, err
}

func (s *Service) test(ctx context.Context, c *models.AlertChannel) error {
	to, err := s.channel(c)
	if err != nil {
		return err
	}
	message := to.reader.test(models.NewID(models.PrefixAlertMessage), c.Name, s.db.Now())
	if c.Unconfirmed() {
		if message, err = s.question(ctx, c, to.reader); err != nil {
			return err
		}
	}
	return s.hand(ctx, to, message)
}
