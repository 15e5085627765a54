package handlers

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
)

// access is the set of those who may use a route.
type access uint8

// Who a request comes from; a route's access is a sum of these.
const (
	anonymous access = 1 << iota // nobody is signed in
	merchants                    // a merchant's user: sees the merchant's own data
	support                      // a support agent: sees all merchants
	admins                       // an administrator: sees all, and configures

	staff    = support | admins
	signedIn = merchants | staff
	everyone = anonymous | signedIn
)

// of is the access that a role has.
func of(role string) access {
	switch role {
	case models.RoleMerchant:
		return merchants
	case models.RoleSupport:
		return support
	case models.RoleAdmin:
		return admins
	default:
		return anonymous
	}
}

// allows says whether a role is in the set.
func (a access) allows(role string) bool { return a&of(role) != 0 }

// handler answers a request on behalf of the viewer: it parses, makes one call
// and renders. Who may call it is the route's access; what the viewer sees is
// the viewer's scope.
type handler func(c *fiber.Ctx, v *viewer) error

// route is one row of the table of pages.
type route struct {
	method string
	path   string
	access access
	handle handler
}

// pages is the table of all pages and forms: what is not here does not exist.
// Each resource lists its routes beside its handlers.
func (s *server) pages() []route {
	return slices.Concat(
		s.loginRoutes(),
		s.preferenceRoutes(),
		s.dashboardRoutes(),
		s.paletteRoutes(),
		s.liveRoutes(),
		s.orderRoutes(),
		s.paymentRoutes(),
		s.refundRoutes(),
		s.deskRoutes(),
		s.bulkRoutes(),
		s.inboundRoutes(),
		s.shipmentRoutes(),
		s.shipmentLinkRoutes(),
		s.deliveryRoutes(),
		s.replayRoutes(),
		s.reconciliationRoutes(),
		s.incidentRoutes(),
		s.alertRoutes(),
		s.mailRoutes(),
		s.endpointRoutes(),
		s.gatewayRoutes(),
		s.carrierRoutes(),
		s.merchantRoutes(),
		s.userRoutes(),
		s.auditRoutes(),
		s.operationRoutes(),
	)
}
