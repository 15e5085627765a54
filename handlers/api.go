package handlers

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
)

// apiPrefix is the path of the shop API.
const apiPrefix = "/api/v1"

// shopAPI is the API for shops: routing and documentation by huma, each request
// behind an API key.
type shopAPI struct {
	*server

	huma   huma.API
	keys   *keyCache
	uses   *keyUses
	limits *keyLimiter
}

// registerAPI adds the shop API, its description and the page of it.
func registerAPI(app *fiber.App, s *server) {
	hooks()
	a := &shopAPI{
		server: s, huma: humafiber.New(app, apiConfig(s.BaseURL)),
		keys: newKeyCache(s.DB), uses: newKeyUses(s.DB, s.Log), limits: newKeyLimiter(),
	}
	a.uses.start(s.AppContext, app)
	app.Use(apiPrefix, checkTarget)
	a.huma.UseMiddleware(a.admit, a.limit, a.inspect)
	a.orderOperations()
	a.paymentOperations()
	a.refundOperations()
	a.shipmentOperations()
	a.carrierOperations()
	a.endpointOperations()
	a.eventOperations()
	app.Use(apiPrefix, a.noSuchOperation)
	a.completeSpec()
	a.mountDocs(app)
}

// hooks sets what huma keeps in package variables. They are the same for every
// server of a process: errors are our problems, and a field's name is matched
// to the letter, because a misspelt one must not pass for another.
var hooks = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return problemOfHuma(status, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		p := problemOfHuma(status, errs)
		if call := callOf(ctx.Context()); call != nil {
			_ = call.server.about(p, call.requestID) // it returns what it was given
		}
		return p
	}
})

func apiConfig(baseURL string) huma.Config {
	cfg := huma.DefaultConfig("Tillpost", "1.0.0")
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{apiKeyScheme: {
		Type: "http", Scheme: "bearer", BearerFormat: "tp_…",
		Description: "An API key of one merchant. Its scopes decide what it may do: read, orders, payments, shipments, webhooks.",
	}}
	cfg.Servers = []*huma.Server{{URL: baseURL}}
	// Served by mountDocs: huma's page loads scripts from elsewhere, and its
	// description is made at the first request, without a lock.
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil // no $schema in answers
	cfg.RejectUnknownQueryParameters = true
	return cfg
}

// schemaName names a type in the description: models.OrderJSON is Order,
// apiList[models.OrderJSON] is OrderList, apiOrderInput is OrderInput.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[problem]() {
		return "Problem"
	}
	if inner, ok := strings.CutPrefix(t.Name(), "apiList["); ok {
		inner = strings.TrimSuffix(inner[strings.LastIndex(inner, ".")+1:], "]")
		return strings.TrimSuffix(inner, "JSON") + "List"
	}
	name := strings.TrimSuffix(strings.TrimPrefix(t.Name(), "api"), "JSON")
	if name == "" {
		return huma.DefaultSchemaNamer(t, hint)
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// apiCall is what an operation knows of its request beside the input.
type apiCall struct {
	server    *server
	key       *models.APIKey
	scope     models.Scope // of the key's merchant: no other is ever used
	requestID string
	ip        string

	idempotencyKey string
	fingerprint    string

	failure error // internal, for the log
}

// actor is the caller as the audit log names it.
func (call *apiCall) actor() models.Actor {
	return models.Actor{Kind: "api_key", ID: call.key.ID, Name: call.key.Name, IP: call.ip, RequestID: call.requestID}
}

type callKey struct{}

// callOf finds the call of an operation; nil outside of one.
func callOf(ctx context.Context) *apiCall {
	call, _ := ctx.Value(callKey{}).(*apiCall)
	return call
}

// noSuchOperation answers for paths and methods that no operation has.
func (a *shopAPI) noSuchOperation(c *fiber.Ctx) error {
	allowed := a.methodsOf(c.Path())
	if len(allowed) == 0 {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderAllow, strings.Join(allowed, ", "))
	return fiber.ErrMethodNotAllowed
}

// methodsOf lists the methods that a path has.
func (a *shopAPI) methodsOf(path string) []string {
	var methods []string
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for pattern, item := range a.huma.OpenAPI().Paths {
		if !matches(strings.Split(strings.Trim(pattern, "/"), "/"), parts) {
			continue
		}
		for method, op := range operationsOf(item) {
			if op != nil {
				methods = append(methods, method)
			}
		}
	}
	slices.Sort(methods)
	return methods
}

func matches(pattern, parts []string) bool {
	return slices.EqualFunc(pattern, parts, func(want, got string) bool {
		return strings.HasPrefix(want, "{") || strings.EqualFold(want, got)
	})
}

// operationsOf lists the operations of a path by method; most are nil.
func operationsOf(item *huma.PathItem) map[string]*huma.Operation {
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}
}
