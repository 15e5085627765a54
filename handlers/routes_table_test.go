package handlers

import (
	"strings"
	"testing"
)

// wantedRoutes says of every address who may use it: the roles, public for
// everybody, or for programs the scopes of which a key needs one. It is written
// down a second time here on purpose: whoever opens a route says so twice.
const wantedRoutes = `
GET    /healthz                              public
GET    /readyz                               public
GET    /static/:hash/:name                   public
GET    /openapi.json                         public
GET    /docs                                 public
POST   /hooks/:account                       public
GET    /t/:token                             public
POST   /t/:token                             public
GET    /t/stop/:token                        public
POST   /t/stop/:token                        public

GET    /login                                public
POST   /login                                public
POST   /logout                               public
POST   /preferences/language                 public
POST   /preferences/theme                    public
GET    /preferences                          merchant support admin
POST   /preferences/timezone                 merchant support admin
POST   /preferences/alerts                   merchant support admin
POST   /preferences/password                 merchant support admin
POST   /preferences/sessions/end             merchant support admin
GET    /                                     merchant support admin
GET    /dashboard/now                        merchant support admin
GET    /dashboard/period                     merchant support admin
GET    /palette                              merchant support admin
GET    /live                                 merchant support admin

GET    /orders                               merchant support admin
GET    /orders/count                         merchant support admin
GET    /orders/:id                           merchant support admin
GET    /orders/:id/row                       merchant support admin
GET    /payments                             merchant support admin
GET    /payments/count                       merchant support admin
GET    /payments/:id                         merchant support admin
GET    /payments/:id/row                     merchant support admin
GET    /payments/:id/retry                   support admin
POST   /payments/:id/retry                   support admin
GET    /payments/:id/retry-anyway            admin
POST   /payments/:id/retry-anyway            admin
GET    /payments/:id/sync                    support admin
POST   /payments/:id/sync                    support admin
GET    /payments/:id/capture                 support admin
POST   /payments/:id/capture                 support admin
GET    /payments/:id/void                    support admin
POST   /payments/:id/void                    support admin
GET    /payments/:id/cancel                  support admin
POST   /payments/:id/cancel                  support admin
GET    /payments/:id/refund                  support admin
POST   /payments/:id/refund                  support admin
GET    /payments/:id/confirm-paid            support admin
POST   /payments/:id/confirm-paid            support admin
GET    /payments/:id/confirm-not-paid        support admin
POST   /payments/:id/confirm-not-paid        support admin
GET    /payments/:id/keep-waiting            support admin
POST   /payments/:id/keep-waiting            support admin
GET    /payments/:id/settle-issue            support admin
POST   /payments/:id/settle-issue            support admin
GET    /payments/:id/note                    support admin
POST   /payments/:id/note                    support admin
POST   /payments/:id/claim                   support admin
POST   /payments/:id/release                 support admin
GET    /refunds/:id/retry                    support admin
POST   /refunds/:id/retry                    support admin
POST   /refunds/:id/sync                     support admin
GET    /desk                                 support admin
GET    /desk/count                           support admin
POST   /desk/chosen                          support admin
GET    /desk/:id/row                         support admin
GET    /bulk                                 support admin
GET    /bulk/new                             support admin
POST   /bulk                                 support admin
GET    /bulk/:id                             support admin
POST   /bulk/:id/pause                       support admin
POST   /bulk/:id/resume                      support admin
POST   /bulk/:id/cancel                      support admin
GET    /inbound                              support admin
GET    /inbound/count                        support admin
GET    /inbound/:id                          support admin
GET    /inbound/:id/row                      support admin
POST   /inbound/:id/replay                   support admin
GET    /shipments                            merchant support admin
GET    /shipments/count                      merchant support admin
GET    /shipments/export                     merchant support admin
GET    /shipments/performance                merchant support admin
GET    /shipments/attention                  merchant support admin
GET    /shipments/new                        merchant support admin
POST   /shipments                            merchant support admin
GET    /shipments/bulk                       merchant support admin
POST   /shipments/bulk/preview               merchant support admin
POST   /shipments/bulk                       merchant support admin
GET    /shipments/attention/count            merchant support admin
GET    /shipments/:id/attention/row          merchant support admin
GET    /shipments/:id                        merchant support admin
GET    /shipments/:id/row                    merchant support admin
POST   /shipments/:id/sync                   support admin
POST   /shipments/:id/retrack                support admin
GET    /shipments/:id/raw                    support admin
GET    /shipments/:id/scan                   support admin
POST   /shipments/:id/scan                   support admin
GET    /shipments/:id/override               support admin
POST   /shipments/:id/override               support admin
GET    /shipments/:id/withdraw               support admin
POST   /shipments/:id/withdraw               support admin
GET    /shipments/:id/replace                support admin
POST   /shipments/:id/replace                support admin
GET    /shipments/:id/link                   merchant support admin
POST   /shipments/:id/link                   merchant support admin
GET    /deliveries                           merchant support admin
GET    /deliveries/count                     merchant support admin
GET    /deliveries/:id                       merchant support admin
GET    /deliveries/:id/row                   merchant support admin
POST   /deliveries/:id/replay                merchant support admin
GET    /replays                              merchant support admin
GET    /replays/new                          merchant support admin
POST   /replays                              merchant support admin
GET    /replays/:id                          merchant support admin
POST   /replays/:id/pause                    merchant support admin
POST   /replays/:id/resume                   merchant support admin
POST   /replays/:id/cancel                   merchant support admin
GET    /reconciliation                       merchant support admin
GET    /reconciliation/new                   support admin
POST   /reconciliation                       support admin
GET    /reconciliation/:id                   merchant support admin
GET    /reconciliation/:id/export            merchant support admin

GET    /incidents                            merchant support admin
GET    /incidents/count                      merchant support admin
GET    /incidents/bell                       merchant support admin
GET    /incidents/:id                        merchant support admin
GET    /incidents/:id/row                    merchant support admin
GET    /incidents/:id/acknowledge            support admin
POST   /incidents/:id/acknowledge            support admin
GET    /incidents/:id/silence                support admin
POST   /incidents/:id/silence                support admin
POST   /incidents/:id/unsilence              support admin
GET    /alerts/rules                         support admin
GET    /alerts/rules/:rule                   admin
POST   /alerts/rules/:rule                   admin
GET    /alerts/channels                      merchant admin
GET    /alerts/channels/new                  merchant admin
POST   /alerts/channels                      merchant admin
GET    /alerts/channels/:id                  merchant admin
POST   /alerts/channels/:id                  merchant admin
POST   /alerts/channels/:id/test             merchant admin
GET    /alerts/channels/:id/delete           merchant admin
POST   /alerts/channels/:id/delete           merchant admin
GET    /alerts/confirm/:id/:token            public
POST   /alerts/confirm/:id/:token            public
GET    /mails                                admin
GET    /mails/:mail                          admin

GET    /endpoints                            merchant support admin
GET    /endpoints/new                        merchant admin
POST   /endpoints                            merchant admin
GET    /endpoints/:id                        merchant support admin
GET    /endpoints/:id/edit                   merchant admin
POST   /endpoints/:id                        merchant admin
POST   /endpoints/:id/test                   merchant admin
POST   /endpoints/:id/pause                  merchant admin
POST   /endpoints/:id/resume                 merchant admin
POST   /endpoints/:id/enable                 merchant admin
GET    /endpoints/:id/disable                merchant admin
POST   /endpoints/:id/disable                merchant admin
GET    /endpoints/:id/rotate                 merchant admin
POST   /endpoints/:id/rotate                 merchant admin
GET    /endpoints/:id/delete                 merchant admin
POST   /endpoints/:id/delete                 merchant admin

GET    /gateways                             support admin
GET    /gateways/new                         admin
POST   /gateways                             admin
GET    /gateways/:id                         admin
POST   /gateways/:id                         admin
POST   /gateways/:id/test                    admin
GET    /gateways/:id/disable                 admin
POST   /gateways/:id/disable                 admin
POST   /gateways/:id/enable                  admin
POST   /gateways/:id/reset                   admin
POST   /gateways/:id/limit                   admin
GET    /carriers                             support admin
GET    /carriers/new                         admin
POST   /carriers                             admin
GET    /carriers/:id                         support admin
POST   /carriers/:id                         admin
POST   /carriers/:id/test                    admin
GET    /carriers/:id/disable                 admin
POST   /carriers/:id/disable                 admin
POST   /carriers/:id/enable                  admin
POST   /carriers/:id/limits                  admin
GET    /carriers/:id/pause                   admin
POST   /carriers/:id/pause                   admin
GET    /carriers/:id/resume                  admin
POST   /carriers/:id/resume                  admin
GET    /carriers/:id/reset                   admin
POST   /carriers/:id/reset                   admin
GET    /carriers/:id/calls                   support admin
GET    /carriers/:id/calls/count             support admin
GET    /carriers/:id/calls/:call             support admin

GET    /merchants                            admin
GET    /merchants/new                        admin
POST   /merchants                            admin
GET    /merchants/:id                        admin
GET    /merchants/:id/rules                  admin
POST   /merchants/:id/rules                  admin
GET    /merchants/:id/tracking               admin
POST   /merchants/:id/tracking               admin
GET    /merchants/:id/mails                  admin
GET    /merchants/:id/keys/new               admin
POST   /merchants/:id/keys                   admin
GET    /merchants/:id/keys/:key/revoke       admin
POST   /merchants/:id/keys/:key/revoke       admin
GET    /users                                admin
GET    /users/new                            admin
POST   /users                                admin
GET    /users/:id/password                   admin
POST   /users/:id/password                   admin
GET    /users/:id/disable                    admin
POST   /users/:id/disable                    admin
GET    /users/:id/enable                     admin
POST   /users/:id/enable                     admin
GET    /audit                                admin
GET    /operations                           admin
GET    /operations/jobs/:id                  admin
GET    /operations/jobs/:id/retry            admin
POST   /operations/jobs/:id/retry            admin
GET    /operations/jobs/:id/cancel           admin
POST   /operations/jobs/:id/cancel           admin
GET    /operations/jobs/:id/delete           admin
POST   /operations/jobs/:id/delete           admin
GET    /operations/queues/:name/pause        admin
POST   /operations/queues/:name/pause        admin
GET    /operations/queues/:name/resume       admin
POST   /operations/queues/:name/resume       admin

GET    /api/v1/orders                        key:read,orders
POST   /api/v1/orders                        key:orders
GET    /api/v1/orders/:id                    key:read,orders
POST   /api/v1/orders/:id/cancel             key:orders
GET    /api/v1/payments                      key:read,payments
POST   /api/v1/payments                      key:payments
GET    /api/v1/payments/:id                  key:read,payments
POST   /api/v1/payments/:id/retry            key:payments
POST   /api/v1/payments/:id/capture          key:payments
POST   /api/v1/payments/:id/void             key:payments
POST   /api/v1/payments/:id/cancel           key:payments
POST   /api/v1/payments/:id/sync             key:payments
GET    /api/v1/refunds                       key:read,payments
POST   /api/v1/refunds                       key:payments
GET    /api/v1/refunds/:id                   key:read,payments
GET    /api/v1/carriers/detect               key:read,shipments
GET    /api/v1/shipments                     key:read,shipments
POST   /api/v1/shipments                     key:shipments
GET    /api/v1/shipments/:id                 key:read,shipments
POST   /api/v1/shipments/:id/sync            key:shipments
GET    /api/v1/webhook-endpoints             key:read,webhooks
POST   /api/v1/webhook-endpoints             key:webhooks
GET    /api/v1/webhook-endpoints/:id         key:read,webhooks
PATCH  /api/v1/webhook-endpoints/:id         key:webhooks
DELETE /api/v1/webhook-endpoints/:id         key:webhooks
POST   /api/v1/webhook-endpoints/:id/test    key:webhooks
POST   /api/v1/webhook-endpoints/:id/rotate-secret key:webhooks
GET    /api/v1/events                        key:read,webhooks
GET    /api/v1/events/:id                    key:read,webhooks
POST   /api/v1/events/:id/redeliver          key:webhooks
`

// wantedRoute is a line of wantedRoutes.
type wantedRoute struct {
	method, path string
	roles        []string // or public
	scopes       []string // of keys
}

func parseRoutes(t *testing.T) []wantedRoute {
	t.Helper()
	var routes []wantedRoute
	for line := range strings.Lines(wantedRoutes) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		r := wantedRoute{method: fields[0], path: fields[1], roles: fields[2:]}
		if scopes, ok := strings.CutPrefix(fields[2], "key:"); ok {
			r.roles, r.scopes = nil, strings.Split(scopes, ",")
		}
		routes = append(routes, r)
	}
	return routes
}
