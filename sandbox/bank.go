package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// status is the state of a charge in the bank, for both payment formats.
type status string

const (
	statusCreated        status = "created" // known, not yet executed: Stripe's requires_confirmation
	statusRequiresAction status = "requires_action"
	statusApproved       status = "approved" // its customer agreed; whether the money is taken is up to the caller
	statusProcessing     status = "processing"
	statusAuthorized     status = "authorized"
	statusSucceeded      status = "succeeded"
	statusFailed         status = "failed"
	statusCanceled       status = "canceled"
	statusVoided         status = "voided"
)

// charge is one request for money. Money moves only in take.
type charge struct {
	ID               string            `json:"id"`
	API              string            `json:"api"` // the name of its format
	Account          string            `json:"account"`
	Key              string            `json:"key,omitempty"`
	Reference        string            `json:"reference"`
	PaymentReference string            `json:"payment_reference"`
	Amount           int64             `json:"amount"`
	Currency         string            `json:"currency"` // upper case
	Token            string            `json:"token"`
	Capture          bool              `json:"capture"`
	Description      string            `json:"description,omitempty"`
	ReturnURL        string            `json:"return_url,omitempty"`
	NotifyURL        string            `json:"notify_url,omitempty"` // where its webhooks go instead of the account's
	Metadata         map[string]string `json:"metadata,omitempty"`
	ModifiedBy       string            `json:"modified_by,omitempty"` // the caller's reference of its capture or void

	Status    status    `json:"status"`
	Refusal   *Outcome  `json:"refusal,omitempty"`
	Tries     int       `json:"tries"`
	CreatedAt time.Time `json:"created_at"`
	SettleAt  time.Time `json:"settle_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // until when its customer may act; zero: for ever
	Taken     []taking  `json:"taken,omitempty"`
	Refunds   []string  `json:"refunds,omitempty"`
	Dispute   *dispute  `json:"dispute,omitempty"` // replaced as a whole when it moves
}

// taking is money really taken or reserved: a line of the ledger.
type taking struct {
	At       time.Time `json:"at"`
	Captured int64     `json:"captured"`
	Refunded int64     `json:"refunded"`
	Voided   bool      `json:"voided"`
}

var (
	errNotFound      = errors.New("no such charge")
	errCanceled      = errors.New("the reference was canceled")
	errTaken         = errors.New("the reference belongs to another charge")
	errState         = errors.New("the charge's state does not allow this")
	errAmount        = errors.New("the amount is more than what is left")
	errUnknownToken  = errors.New("no such token")
	errUnknownRefund = errors.New("no such refund")
)

// bank holds every charge and refund; all of its methods are safe for concurrent use.
type bank struct {
	opts     Options
	journal  *journal
	webhooks *webhooks

	mu      sync.Mutex
	charges map[string]*charge
	order   []string // charge ids, oldest first
	dropped int
	byRef   map[refID]string
	refunds map[string]*refund
	timers  map[string]*time.Timer
	stopped bool
}

// refID names a charge of the sandbox's own format by the caller's reference.
type refID struct{ Account, Reference string }

func newBank(opts Options, j *journal, hooks *webhooks) *bank {
	return &bank{
		opts: opts, journal: j, webhooks: hooks,
		charges: make(map[string]*charge), byRef: make(map[refID]string),
		refunds: make(map[string]*refund), timers: make(map[string]*time.Timer),
	}
}

// open records a charge without executing it. In the sandbox's own format a
// reference stands for one charge for ever: the same key finds it again,
// another key is refused.
func (b *bank) open(c charge) (charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Token != "" && !outcomeOf(c.Token).known() {
		return charge{}, errUnknownToken
	}
	if known := b.charges[b.byRef[c.ref()]]; known != nil && formatOf(c.API).natural {
		switch {
		case known.Status == statusCanceled:
			return charge{}, errCanceled
		case known.Key != c.Key:
			return charge{}, errTaken
		}
		return known.copy(), nil
	}
	return b.create(c, statusCreated).copy(), nil
}

func (b *bank) create(c charge, state status) *charge {
	c.ID = formatOf(c.API).chargeID()
	c.Status, c.CreatedAt = state, b.opts.Now().UTC()
	b.add(&c)
	b.journal.write(entry{Charge: &c})
	return &c
}

func (b *bank) add(c *charge) {
	b.charges[c.ID] = c
	b.order = append(b.order, c.ID)
	if formatOf(c.API).natural {
		b.byRef[c.ref()] = c.ID
	}
	if len(b.order) <= b.opts.MaxCharges {
		return
	}
	oldest := b.charges[b.order[0]]
	b.order = b.order[1:]
	b.dropped++
	delete(b.charges, oldest.ID)
	if b.byRef[oldest.ref()] == oldest.ID {
		delete(b.byRef, oldest.ref())
	}
	for _, id := range oldest.Refunds {
		delete(b.refunds, id)
	}
}

// confirmation is what may still be said when a charge is executed.
type confirmation struct {
	token     string                // another one than at first
	returnURL string                // another one than at first
	absent    bool                  // the customer is not there
	allow     func(c *charge) error // what else has to hold; called with the bank locked
}

// execute lets the token decide what becomes of an opened charge.
func (b *bank) execute(account, id string, by confirmation) (charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, id)
	if err != nil {
		return charge{}, err
	}
	switch {
	case c.Status == statusCanceled && formatOf(c.API).natural:
		return c.copy(), errCanceled
	case c.Status != statusCreated && c.Status != statusFailed && c.Status != statusApproved:
		return c.copy(), errState
	}
	if by.allow != nil {
		if err := by.allow(c); err != nil {
			return c.copy(), err
		}
	}
	c.Token, c.ReturnURL = cmp.Or(by.token, c.Token), cmp.Or(by.returnURL, c.ReturnURL)
	o := outcomeOf(c.Token)
	if !o.known() {
		return c.copy(), errUnknownToken
	}
	c.Tries++
	c.Refusal = nil
	switch {
	case c.Status == statusApproved:
		b.take(c)
	case o.Result == ResultDeclines, o.Result == ResultDeclinesAbsent && by.absent, o.Result == ResultRecovers && !b.refused(c):
		c.Status, c.Refusal = statusFailed, &o
	case o.Result == ResultAsksCustomer, o.Result == ResultDeclinesAbsent:
		c.Status = statusRequiresAction
	case o.Result == ResultSettlesLater, o.Result == ResultFailsLater:
		c.Status, c.SettleAt = statusProcessing, b.opts.Now().UTC().Add(b.opts.SettleAfter)
		b.schedule(c.ID, b.opts.SettleAfter, b.settleCharge)
	default:
		b.take(c)
	}
	b.journal.write(entry{Charge: c})
	b.webhooks.tell(news{What: happenedCharge, Charge: c.copy()})
	return c.copy(), nil
}

// refused reports whether another charge of the same payment was refused.
func (b *bank) refused(c *charge) bool {
	return slices.ContainsFunc(b.order, func(id string) bool {
		other := b.charges[id]
		return c.PaymentReference != "" && other.PaymentReference == c.PaymentReference && other.Refusal != nil && id != c.ID
	})
}

// take is the one place where money moves: every call is a line of the ledger.
func (b *bank) take(c *charge) {
	t := taking{At: b.opts.Now().UTC()}
	c.Status = statusAuthorized
	if c.Capture {
		c.Status, t.Captured = statusSucceeded, c.Amount
	}
	c.Taken = append(c.Taken, t)
	switch outcomeOf(c.Token).Result {
	case ResultDisputed:
		b.schedule(c.ID, b.opts.SettleAfter, func(id string) { _, _ = b.dispute("", id, "fraudulent") })
	case ResultInquired:
		b.schedule(c.ID, b.opts.SettleAfter, func(id string) { _, _ = b.inquire("", id, "general") })
	default:
	}
}

// charge returns one charge of the account, or of any when account is empty.
func (b *bank) charge(account, id string) (charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, id)
	if err != nil {
		return charge{}, err
	}
	return c.copy(), nil
}

// byReference returns the account's own-format charge with its reference.
func (b *bank) byReference(account, reference string) (charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.charges[b.byRef[refID{account, reference}]]
	if c == nil {
		return charge{}, errNotFound
	}
	return c.copy(), nil
}

// intents returns the account's payment intents for one attempt, newest first.
func (b *bank) intents(account, attempt string) []charge {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []charge
	for _, id := range slices.Backward(b.order) {
		if c := b.charges[id]; c.API == apiStripe && c.Account == account && c.Reference == attempt {
			all = append(all, c.copy())
		}
	}
	return all
}

func (b *bank) find(account, id string) (*charge, error) {
	c := b.charges[id]
	if c == nil || account != "" && c.Account != account {
		return nil, errNotFound
	}
	return c, nil
}

func (c *charge) ref() refID { return refID{c.Account, c.Reference} }

func (c *charge) copy() charge {
	d := *c
	d.Taken = slices.Clone(c.Taken)
	d.Refunds = slices.Clone(c.Refunds)
	d.Metadata = maps.Clone(c.Metadata)
	return d
}

// money returns what stands taken: captured and given back.
func (c *charge) money() (captured, refunded int64) {
	for _, t := range c.Taken {
		captured += t.Captured
		refunded += t.Refunded
	}
	return captured, refunded
}

// keyPrefixes are how secret keys begin, which is all of a key that is shown.
var keyPrefixes = []string{"sk_sandbox_", "sk_test_", "rk_test_", "tok_", "ct_sandbox_"}

// accountOf names the account of a secret key without giving the key away.
func accountOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	shown := "key_"
	for _, prefix := range keyPrefixes {
		if strings.HasPrefix(secret, prefix) {
			shown = prefix
		}
	}
	return shown + hex.EncodeToString(sum[:4])
}
