package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
)

// deed is something that staff do with a payment: by a dialog that says what
// will happen, or by a button when it moves no money and can be taken back.
type deed struct {
	name   payments.Deed
	amount amountField
	ask    views.Ask
	do     act
}

// amountField says whether a deed asks for an amount.
type amountField int

const (
	noAmount  amountField = iota
	allAmount             // empty is the whole
	anAmount
)

// act does a deed.
type act func(s *payments.Service, tx *models.Tx, scope models.Scope, id string, in payments.Action) (*models.Payment, error)

// path is the last part of the deed's address.
func (d deed) path() string { return strings.ReplaceAll(string(d.name), "_", "-") }

// deeds are all but the retries, which choose an account (see payments_retry.go).
var deeds = []deed{
	{payments.DeedSync, noAmount, views.AskMaybe, (*payments.Service).Sync},
	{payments.DeedCapture, allAmount, views.AskReason, (*payments.Service).Capture},
	{payments.DeedVoid, noAmount, views.AskReason, (*payments.Service).Void},
	{payments.DeedCancel, noAmount, views.AskReason, (*payments.Service).Cancel},
	{payments.DeedRefund, anAmount, views.AskReason, refund},
	{payments.DeedConfirmPaid, allAmount, views.AskReason, (*payments.Service).ConfirmPaid},
	{payments.DeedConfirmNotPaid, noAmount, views.AskReason, (*payments.Service).ConfirmNotPaid},
	{payments.DeedKeepWaiting, noAmount, views.AskReason, (*payments.Service).KeepWaiting},
	{payments.DeedSettleIssue, noAmount, views.AskReason, (*payments.Service).SettleIssue},
	{payments.DeedNote, noAmount, views.AskReason, (*payments.Service).Note},
	{payments.DeedClaim, noAmount, views.AskNothing, byActor((*payments.Service).Claim)},
	{payments.DeedRelease, noAmount, views.AskNothing, byActor((*payments.Service).Release)},
}

func refund(s *payments.Service, tx *models.Tx, scope models.Scope, id string, in payments.Action) (*models.Payment, error) {
	_, err := s.Refund(tx, scope, payments.RefundRequest{
		PaymentID: id, Amount: in.Amount, Reason: in.Reason, Actor: in.Actor, Limited: in.Limited,
	})
	return nil, err
}

// byActor is a deed about which nothing is asked but who does it.
func byActor(do func(s *payments.Service, tx *models.Tx, scope models.Scope, id string, actor models.Actor) (*models.Payment, error)) act {
	return func(s *payments.Service, tx *models.Tx, scope models.Scope, id string, in payments.Action) (*models.Payment, error) {
		return do(s, tx, scope, id, in.Actor)
	}
}

// deedRoutes are the addresses of what can be done with a payment.
func (s *server) deedRoutes() []route {
	routes := []route{
		{fiber.MethodGet, "/payments/:id/retry", staff, s.confirmRetry(false)},
		{fiber.MethodPost, "/payments/:id/retry", staff, s.retryPayment(false)},
		{fiber.MethodGet, "/payments/:id/retry-anyway", admins, s.confirmRetry(true)},
		{fiber.MethodPost, "/payments/:id/retry-anyway", admins, s.retryPayment(true)},
	}
	for _, d := range deeds {
		path := "/payments/:id/" + d.path()
		routes = append(routes, route{fiber.MethodPost, path, staff, s.doDeed(d)})
		if d.ask != views.AskNothing {
			routes = append(routes, route{fiber.MethodGet, path, staff, s.confirmDeed(d)})
		}
	}
	return routes
}

// limited says whether the viewer is held to what merchants let support refund.
func (v *viewer) limited() bool { return v.Role == models.RoleSupport }
