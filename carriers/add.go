package carriers

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
)

// New is what a shop says of a parcel.
type New struct {
	OrderID             string // or OrderNumber
	OrderNumber         string
	Carrier             string // code, account id, or Auto
	TrackingNumber      string
	Items               []models.ShipmentItem
	Direction           string // outbound or return; empty: outbound
	ReturnOf            string // id of the parcel that a return sends back; empty: the order's only one
	PromisedAt          *time.Time
	RecipientPhoneLast4 string

	old *models.Shipment // that this one replaces: its items stand, and imports bring strange codes
}

var (
	numberForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9._/-]{3,49}$`)
	phoneForm  = regexp.MustCompile(`^[0-9]{4}$`)
)

// Add stores a parcel. When the merchant has an account for its carrier, the
// first question to the carrier is queued in the same transaction.
func (s *Service) Add(tx *models.Tx, merchantID string, in New) (*models.Shipment, error) {
	in.TrackingNumber = models.NormalTrackingNumber(in.TrackingNumber)
	if strings.EqualFold(in.Carrier, Auto) {
		in.Carrier = Auto
	}
	in.Carrier = cmp.Or(codeOf(in.Carrier), in.Carrier)
	if in.Direction == "" {
		in.Direction = models.DirectionOutbound
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	o, err := tx.OrderByRef(models.MerchantScope(merchantID), in.OrderID, in.OrderNumber)
	if errors.Is(err, models.ErrNotFound) {
		return nil, models.Invalid(in.orderField(), "unknown_order")
	}
	if err != nil {
		return nil, err
	}
	if o.Status == models.OrderCanceled {
		return nil, models.Conflict("order_canceled", o.Status)
	}
	if in.Carrier == Auto {
		if err := in.detect(tx, merchantID, o.ShippingAddress.Country); err != nil {
			return nil, err
		}
	}
	if err := in.checkItems(tx, o); err != nil {
		return nil, err
	}
	sh, err := in.parcel(&router{tx: tx}, o)
	if err != nil {
		return nil, err
	}
	if sh.CarrierAccountID == nil {
		return tx.CreateShipment(sh)
	}
	until := tx.Now().Add(pollLease)
	sh.LeaseUntil = &until
	created, err := tx.CreateShipment(sh)
	if err != nil {
		return nil, err
	}
	tx.Enqueue(models.PollArgs{AccountID: *sh.CarrierAccountID, ShipmentIDs: []string{created.ID}})
	return created, nil
}

func (in *New) checkItems(tx *models.Tx, o *models.Order) error {
	if len(in.Items) == 0 || in.old != nil {
		return nil
	}
	ordered, err := tx.OrderItems(o.ID)
	if err != nil {
		return err
	}
	return checkItems(in.Items, ordered)
}

// parcel is the row of a parcel of an order, due at once when the merchant has
// an account for its carrier.
func (in *New) parcel(r *router, o *models.Order) (models.Shipment, error) {
	code, accountID, err := r.route(o.MerchantID, in.Carrier)
	if err != nil {
		return models.Shipment{}, err
	}
	sh := models.Shipment{
		MerchantID: o.MerchantID, OrderID: o.ID, Carrier: code, CarrierAccountID: accountID, TrackingNumber: in.TrackingNumber,
		Items: in.Items, Direction: in.Direction, PromisedAt: in.PromisedAt, RecipientPhoneLast4: in.RecipientPhoneLast4,
	}
	if sh.PromisedAt == nil {
		sh.PromisedAt = o.PromisedAt
	}
	if accountID != nil {
		now := r.tx.Now()
		sh.NextPollAt = &now
	}
	err = in.link(r.tx, &sh)
	return sh, err
}

// router finds the account that follows a merchant's parcels of a carrier, once
// for each.
type router struct {
	tx    *models.Tx
	found map[string]routed // by merchant and what names the carrier
}

type routed struct {
	code      string
	accountID *string // nil when nobody can be asked
}

func (r *router) route(merchantID, carrier string) (string, *string, error) {
	key := merchantID + " " + carrier
	if known, ok := r.found[key]; ok {
		return known.code, known.accountID, nil
	}
	code, account, err := r.tx.RouteCarrier(merchantID, carrier, credentials.Aggregators())
	if errors.Is(err, models.ErrNotFound) {
		return "", nil, unknownCarrier()
	}
	if err != nil {
		return "", nil, err
	}
	way := routed{code: code}
	if account != nil {
		way.accountID = &account.ID
	}
	if r.found == nil {
		r.found = map[string]routed{}
	}
	r.found[key] = way
	return way.code, way.accountID, nil
}

// link names the parcel that a return sends back, as far as it is known.
func (in *New) link(tx *models.Tx, sh *models.Shipment) (err error) {
	switch {
	case in.ReturnOf != "":
		sh.ReturnOf = &in.ReturnOf
	case in.Direction == models.DirectionReturn:
		sh.ReturnOf, err = tx.OnlyOutbound(sh.OrderID)
	}
	return err
}

func (in *New) orderField() string {
	if in.OrderID != "" {
		return "order_id"
	}
	return "order_number"
}

func (in *New) check() error {
	switch {
	case in.OrderID == "" && in.OrderNumber == "":
		return models.Invalid("order_id", "required")
	case in.Carrier != Auto && !in.keepsCarrier() && codeOf(in.Carrier) == "":
		return unknownCarrier()
	case !numberForm.MatchString(in.TrackingNumber):
		return models.Invalid("tracking_number", "bad_tracking_number")
	case in.Direction != models.DirectionOutbound && in.Direction != models.DirectionReturn:
		return models.Invalid("direction", "unknown_direction")
	case in.RecipientPhoneLast4 != "" && !phoneForm.MatchString(in.RecipientPhoneLast4):
		return models.Invalid("recipient_phone_last4", "bad_phone")
	}
	return nil
}

func (in *New) keepsCarrier() bool { return in.old != nil && in.Carrier == in.old.Carrier }

// unknownCarrier refuses a code or an account that there is not, and names the
// codes that there are.
func unknownCarrier() *models.Error {
	refusal := models.Invalid("carrier", "unknown_carrier")
	refusal.Choices = strings.Join(slices.Sorted(slices.Values(detect.Codes())), ", ")
	return refusal
}

// syncPause is how long a parcel must not be asked for again by hand.
const syncPause = time.Minute

// Sync asks the carrier for a parcel now. It is refused as too soon,
// carrier_quota_used, when the account has no call left today.
func (s *Service) Sync(tx *models.Tx, scope models.Scope, id string, actor models.Actor) (*models.Shipment, error) {
	sh, err := tx.Shipment(scope, id)
	if err != nil {
		return nil, err
	}
	if err := s.askable(tx, sh); err != nil {
		return nil, err
	}
	if err := tx.RequestSync(sh, syncPause); err != nil {
		return nil, err
	}
	return sh, tx.Audit(actor, models.AuditEntry{
		MerchantID: &sh.MerchantID, Action: "shipment.sync", ObjectID: sh.ID, OrderID: &sh.OrderID,
	})
}

// askable says that the parcel's account has used up the day's calls, those for
// people too. What else keeps it from calling is for the request to say.
func (s *Service) askable(tx *models.Tx, sh *models.Shipment) error {
	if sh.CarrierAccountID == nil {
		return nil
	}
	a, err := tx.SeenCarrierAccount(models.AllMerchants(), *sh.CarrierAccountID)
	if errors.Is(err, models.ErrNotFound) || err == nil && !a.Callable(tx.Now()) {
		return nil
	}
	if err != nil {
		return err
	}
	if until := s.held(a, forPeople); until != nil {
		return models.TooSoon("carrier_quota_used", until.Sub(tx.Now()))
	}
	return nil
}
