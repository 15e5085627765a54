package alerts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
)

const (
	// looked is how many targets one look for messages finds at most.
	looked = 500
	// sendAtOnce is how many messages are under way at once, merchantsAtOnce how
	// many of these are merchants': their chats that hang leave operators' alone.
	sendAtOnce      = 16
	merchantsAtOnce = 12
	// sendLease is how long a claimed message may be under way before its node
	// counts as dead; above the time that sending and storing take.
	sendLease = 2 * time.Minute
	storing   = 10 * time.Second
)

// waits are how long after each failed try the next one comes.
var waits = []time.Duration{
	10 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
}

// SendDue sends the messages that are due, and waits for them. A message is sent
// at least once: a node that dies after it was sent and before that is stored
// leaves it to be sent again, under the same id.
func (s *Service) SendDue(ctx context.Context) error {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		errs    []error
	)
	failed := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	for {
		begun, err := s.begin(ctx, &running, failed)
		running.Wait()
		if err != nil || begun == 0 || len(errs) > 0 {
			return errors.Join(append(errs, err)...)
		}
	}
}

// begin begins to send what is due, the operators' first, as far as there is
// room, and looks again when one of them is over.
func (s *Service) begin(ctx context.Context, running *sync.WaitGroup, failed func(error)) (begun int, err error) {
	look, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	due, err := s.db.DueAlerts(look, s.outbox.busy(), looked)
	if err != nil {
		return 0, err
	}
	s.outbox.order(due)
	for i := range due {
		m := &due[i]
		if !s.outbox.take(m) {
			continue
		}
		begun++
		running.Go(func() {
			defer s.outbox.leave(m)
			work := func(ctx context.Context) error { return s.send(ctx, m) }
			if m.State == models.AlertHeld {
				work = func(ctx context.Context) error { return s.gather(ctx, m.Target) }
			}
			if err := s.guarded(ctx, work); err != nil {
				failed(err)
				return
			}
			s.nudge()
		})
	}
	return begun, nil
}

// gather makes one message of what quiet hours held back from a target.
func (s *Service) gather(ctx context.Context, target string) error {
	err := s.store(ctx, func(tx *models.Tx) error {
		_, err := tx.GatherDigest(target)
		return err
	})
	if err != nil {
		return fmt.Errorf("gather what was held back from %s: %w", target, err)
	}
	return nil
}

// send makes one try of a message and stores what came of it.
func (s *Service) send(ctx context.Context, m *models.AlertMessage) error {
	var ours bool
	err := s.store(ctx, func(tx *models.Tx) (err error) {
		ours, err = tx.ClaimAlert(m, sendLease)
		return err
	})
	if err != nil || !ours {
		return err
	}
	sent := s.deliver(ctx, m)
	s.outbox.judge(m.Target, sent == nil || errors.Is(sent, errUnwanted))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
	defer cancel()
	state, reason, next := s.verdict(m, sent)
	if state != models.AlertSent {
		s.log.WarnContext(ctx, "alert not sent", "message", m.ID, "target", m.Target, "try", m.Tries, "reason", reason, "again", next != nil)
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error { return tx.FinishAlert(m, state, reason, next) })
	if err != nil {
		return fmt.Errorf("store what became of message %s: %w", m.ID, err)
	}
	return nil
}

// errUnwanted says that nobody wants the message any more.
var errUnwanted = errors.New("nobody wants it any more")

// verdict says what a try means for the message.
func (s *Service) verdict(m *models.AlertMessage, sent error) (state, reason string, next *time.Time) {
	if sent == nil {
		return models.AlertSent, "", nil
	}
	if errors.Is(sent, errUnwanted) {
		return models.AlertDropped, "", nil
	}
	failure := failureOf(sent)
	reason = failure.String()
	if failure.Final || m.Tries > len(waits) {
		return models.AlertFailed, reason, nil
	}
	wait := waits[m.Tries-1]
	at := s.db.Now().Add(max(wait+rand.N(wait/5), min(failure.After, time.Hour)))
	return models.AlertQueued, reason, &at
}

// deliver finds out where a message goes, writes it and sends it.
func (s *Service) deliver(ctx context.Context, m *models.AlertMessage) error {
	to, message, err := s.prepare(ctx, m)
	if err != nil {
		return err
	}
	return s.hand(ctx, to, message)
}

func (s *Service) prepare(ctx context.Context, m *models.AlertMessage) (destination, Message, error) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	to, err := s.destination(ctx, m.Target)
	if err != nil {
		return to, Message{}, err
	}
	message, err := s.write(ctx, m, to.reader)
	return to, message, err
}

// destination is a target with all that sending to it takes.
type destination struct {
	reader reader
	kind   string
	values map[string]string // fields and opened secrets
	base   string
	client *http.Client
}

func (s *Service) destination(ctx context.Context, target string) (destination, error) {
	switch {
	case models.IsID(models.PrefixUser, target):
		return s.person(ctx, target)
	case models.IsID(models.PrefixAlertChannel, target):
		c, err := s.db.AlertChannel(ctx, models.AllMerchants(), target)
		if errors.Is(err, models.ErrNotFound) {
			return destination{}, errUnwanted
		}
		if err != nil {
			return destination{}, err
		}
		if !c.Enabled || c.Unconfirmed() {
			return destination{}, errUnwanted
		}
		return s.channel(c)
	}
	for _, c := range s.opts.Channels {
		if c.ID == target {
			return destination{
				kind: c.Kind, values: c.values, base: c.base, client: s.own,
				reader: reader{texts: locales.For(locales.English), zone: time.UTC, base: s.db.PublicURL},
			}, nil
		}
	}
	return destination{}, &SendError{Kind: FailureUnknown} // another node may have it in its configuration
}

// channel is where a channel of a page leads.
func (s *Service) channel(c *models.AlertChannel) (destination, error) {
	account := c.AsAccount()
	values, err := s.vault.Open(credentials.Channels, &account)
	if err != nil {
		return destination{}, &SendError{Kind: FailureSecret} // perhaps only this node has the wrong keys
	}
	return destination{
		kind: c.Kind, values: values, base: c.BaseURL, client: s.outside,
		reader: reader{texts: locales.Match(c.Language, "", ""), zone: c.Location(), base: s.db.PublicURL},
	}, nil
}

// person is a user's own mail.
func (s *Service) person(ctx context.Context, id string) (destination, error) {
	u, err := s.db.User(ctx, id)
	if errors.Is(err, models.ErrNotFound) {
		return destination{}, errUnwanted
	}
	if err != nil {
		return destination{}, err
	}
	wish, err := s.db.AlertSubscription(ctx, u)
	if err != nil {
		return destination{}, err
	}
	if u.DisabledAt != nil || !wish.Enabled {
		return destination{}, errUnwanted
	}
	zone := time.UTC
	if u.MerchantID != nil {
		m, err := s.db.Merchant(ctx, models.AllMerchants(), *u.MerchantID)
		if err != nil {
			return destination{}, err
		}
		zone = m.Location()
	}
	if chosen, err := time.LoadLocation(u.Timezone); u.Timezone != "" && err == nil {
		zone = chosen
	}
	return destination{
		kind: KindMail, values: map[string]string{"address": u.Email},
		reader: reader{texts: locales.Match("", "", u.Language), zone: zone, base: s.db.PublicURL, mails: true},
	}, nil
}

// write puts a message into words.
func (s *Service) write(ctx context.Context, m *models.AlertMessage, r reader) (Message, error) {
	now := s.db.Now()
	if m.IncidentID != nil {
		found, err := s.db.IncidentsByID(ctx, *m.IncidentID)
		if err != nil {
			return Message{}, err
		}
		// Whoever was not told in time that it began would take it for open.
		if len(found) == 0 || m.Kind != models.AlertResolved && !found[0].Open() {
			return Message{}, errUnwanted
		}
		if r.merchants, err = s.merchantsOf(ctx, m, found); err != nil {
			return Message{}, err
		}
		return r.about(m.ID, m.Kind, &found[0], now), nil
	}
	parts, err := s.db.DigestedAlerts(ctx, m.ID)
	if err != nil {
		return Message{}, err
	}
	ids := make([]string, 0, len(parts))
	for i := range parts {
		ids = append(ids, *parts[i].IncidentID)
	}
	incidents, err := s.db.IncidentsByID(ctx, ids...)
	if err != nil {
		return Message{}, err
	}
	if r.merchants, err = s.merchantsOf(ctx, m, incidents); err != nil {
		return Message{}, err
	}
	byID := make(map[string]models.Incident, len(incidents))
	for _, i := range incidents {
		byID[i.ID] = i
	}
	var all []held
	for i := range parts {
		if incident, ok := byID[*parts[i].IncidentID]; ok {
			all = append(all, held{kind: parts[i].Kind, incident: incident})
		}
	}
	if len(all) == 0 {
		return Message{}, errUnwanted
	}
	return r.digest(m.ID, all, now), nil
}

// merchantsOf are the names of whose things incidents are about, for a message to
// operators; none for one to a merchant.
func (s *Service) merchantsOf(ctx context.Context, m *models.AlertMessage, incidents []models.Incident) (map[string]string, error) {
	names := map[string]string{}
	for _, i := range incidents {
		if m.MerchantID != nil || i.MerchantID == nil || names[*i.MerchantID] != "" {
			continue
		}
		merchant, err := s.db.Merchant(ctx, models.AllMerchants(), *i.MerchantID)
		if errors.Is(err, models.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names[merchant.ID] = oneLine(merchant.Name)
	}
	return names, nil
}

// hand sends a message where it goes. What goes wrong is a *SendError.
func (s *Service) hand(ctx context.Context, to destination, m Message) error {
	if to.kind == KindMail {
		return s.mail(ctx, to.values["address"], m)
	}
	post, ok := platforms[to.kind]
	if !ok {
		return &SendError{Kind: FailureUnknown, Final: true}
	}
	ctx, cancel := context.WithTimeout(ctx, channelTimeout)
	defer cancel()
	request, err := post(s.db.Now(), to.values, to.base, m)
	if err != nil {
		return err
	}
	return request.send(ctx, to.client, to.values)
}

// mail sends a message as a mail, under an id that is the same on every try: one
// that comes twice does less harm than one that does not come, so that of what
// may have been taken or not another try is made.
func (s *Service) mail(ctx context.Context, address string, m Message) error {
	if s.opts.Sender == nil {
		return &SendError{Kind: FailureNoServer}
	}
	written, err := m.Mail().Render()
	if err != nil {
		return err
	}
	_, host, _ := strings.Cut(s.opts.Sender.From(), "@")
	err = s.opts.Sender.Send(ctx, mail.Message{
		ID: m.ID + "@" + host, FromName: Brand, To: address, Subject: written.Subject, Text: written.Text, HTML: written.HTML,
		Language: m.Language,
	})
	if failed, ok := errors.AsType[*mail.Error](err); ok {
		return &SendError{Kind: FailureMail, Detail: failed.Error(), Final: failed.Kind == mail.Refused}
	}
	return err
}
