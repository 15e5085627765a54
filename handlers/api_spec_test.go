package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAPISpec(t *testing.T) {
	t.Parallel()
	site := newSite(t, modelstest.SQLite(t))
	r := site.call(t, "GET", "/openapi.json", "").want(t, http.StatusOK)
	spec := r.object(t)
	if spec["openapi"] != "3.1.0" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("openapi %v of %s", spec["openapi"], r.header.Get("Content-Type"))
	}
	if strings.Contains(r.body, "$schema") || strings.Contains(r.body, "example.com/schemas") {
		t.Error("schemas are linked in answers")
	}
	t.Run("references lead somewhere", func(t *testing.T) {
		for _, ref := range references(spec) {
			if lookup(spec, ref) == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
	})
	t.Run("every route is described, and nothing else", func(t *testing.T) {
		var routes, described []string
		for _, route := range site.app.GetRoutes(true) {
			if strings.HasPrefix(route.Path, apiPrefix+"/") && route.Method != fiber.MethodHead {
				routes = append(routes, route.Method+" "+strings.ReplaceAll(route.Path, ":id", "{id}"))
			}
		}
		for _, op := range describedOperations(t, site) {
			described = append(described, op.method+" "+op.path)
		}
		slices.Sort(routes)
		slices.Sort(described)
		if !slices.Equal(routes, described) {
			t.Errorf("routes\n%v\ndescribed\n%v", routes, described)
		}
	})
	t.Run("every operation says what there is to know", func(t *testing.T) {
		for path, methods := range spec["paths"].(map[string]any) {
			for method, op := range methods.(map[string]any) {
				checkOperation(t, method+" "+path, op.(map[string]any))
			}
		}
	})
	t.Run("every type of event that happens is described", func(t *testing.T) {
		hooks := spec["webhooks"].(map[string]any)
		for _, eventType := range models.EventTypes {
			if hooks[eventType] == nil {
				t.Errorf("%s is not described", eventType)
			}
		}
	})
	t.Run("webhooks are described as they are sent", func(t *testing.T) {
		sent := map[string]any{}
		if err := json.Unmarshal([]byte(jsonOf(models.EventBody{Type: models.EventOrderCreated, Sequence: 1})), &sent); err != nil {
			t.Fatal(err)
		}
		schema := lookup(spec["webhooks"].(map[string]any)[models.EventOrderCreated], "#/post/requestBody/content/application~1json/schema").(map[string]any)
		described, known := sortedKeys(schema["properties"].(map[string]any)), sortedKeys(sent)
		if !slices.Equal(described, known) {
			t.Errorf("the description has %v, a webhook %v", described, known)
		}
	})
}

func checkOperation(t *testing.T, name string, op map[string]any) {
	t.Helper()
	for _, field := range []string{"operationId", "summary", "tags", "security", "responses"} {
		if op[field] == nil {
			t.Errorf("%s lacks %s", name, field)
		}
	}
	responses := op["responses"].(map[string]any)
	want := []string{"400", "401", "403", "429", "500", "503"}
	if strings.Contains(name, "{id}") {
		want = append(want, "404")
	}
	if strings.HasPrefix(name, "post") {
		want = append(want, "409", "413", "415", "422")
	}
	for _, status := range want {
		if responses[status] == nil {
			t.Errorf("%s lacks the answer %s", name, status)
		}
	}
	for status, response := range responses {
		content, _ := response.(map[string]any)["content"].(map[string]any)
		for media, c := range content {
			if c.(map[string]any)["example"] == nil {
				t.Errorf("%s: %s lacks an example", name, status)
			}
			if (media == contentProblem) != (status >= "400") {
				t.Errorf("%s: %s is %s", name, status, media)
			}
		}
	}
}

// references finds all $ref of a document.
func references(v any) []string {
	var refs []string
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if ref, ok := value.(string); ok && key == "$ref" {
				refs = append(refs, ref)
			}
			refs = append(refs, references(value)...)
		}
	case []any:
		for _, item := range v {
			refs = append(refs, references(item)...)
		}
	}
	return refs
}

func lookup(spec any, ref string) any {
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		object, _ := spec.(map[string]any)
		spec = object[strings.ReplaceAll(part, "~1", "/")]
	}
	return spec
}

// TestAPIExamples sends the examples of the description, which must work.
func TestAPIExamples(t *testing.T) {
	t.Parallel()
	site := newSite(t, modelstest.SQLite(t))
	shop := site.newClient(t)
	bodies := map[string]map[string]any{}
	for _, op := range describedOperations(t, site) {
		var body map[string]any
		if op.body == "" {
			continue
		}
		if err := json.Unmarshal([]byte(op.body), &body); err != nil {
			t.Fatal(err)
		}
		bodies[op.id] = body
	}
	order := shop.post("/api/v1/orders", jsonOf(bodies["createOrder"])).want(t, http.StatusCreated).id(t)
	bodies["createPayment"]["order_id"], bodies["createPayment"]["gateway"] = order, shop.gateway.ID
	shop.post("/api/v1/payments", jsonOf(bodies["createPayment"])).want(t, http.StatusAccepted)
	authorized := shop.authorized(4990)
	shop.post("/api/v1/payments/"+authorized+"/capture", jsonOf(bodies["capturePayment"])).want(t, http.StatusAccepted)
	bodies["createRefund"]["payment_id"] = shop.paid(4990)
	shop.post("/api/v1/refunds", jsonOf(bodies["createRefund"])).want(t, http.StatusAccepted)
	bodies["createShipment"]["order_id"] = order
	shop.post("/api/v1/shipments", jsonOf(bodies["createShipment"])).want(t, http.StatusCreated)
	// A shop without parcels: what it usually sends with changes the score.
	detection := site.newClient(t).get("/api/v1/carriers/detect?number=00340434161094042557").want(t, http.StatusOK)
	if want := jsonOf(examples["Detection"]); strings.TrimSpace(detection.body) != want {
		t.Errorf("detection is %s, its example %s", detection.body, want)
	}
	endpoint := shop.post("/api/v1/webhook-endpoints", jsonOf(bodies["createEndpoint"])).want(t, http.StatusCreated).id(t)
	shop.call("PATCH", "/api/v1/webhook-endpoints/"+endpoint, jsonOf(bodies["updateEndpoint"])).want(t, http.StatusOK)
}

func TestAPIDocs(t *testing.T) {
	t.Parallel()
	site := newSite(t, modelstest.SQLite(t))
	r := site.call(t, "GET", "/docs", "").want(t, http.StatusOK)
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := doc.Find("[data-testid=operation]").Length(), len(describedOperations(t, site)); got != want {
		t.Errorf("%d operations are shown, want %d", got, want)
	}
	if doc.Find("script:not([src]), style, [style], [onclick]").Length() > 0 {
		t.Error("the page has what the content policy forbids")
	}
	ids := map[string]int{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%d elements have the id %s", n, id)
		}
	}
	doc.Find("[data-testid=event]").Each(func(_ int, s *goquery.Selection) {
		if name := s.Find("code").First().Text(); !strings.Contains(s.Find("pre").Text(), `"type": "`+name+`"`) {
			t.Errorf("event %s has the example %s", name, s.Find("pre").Text())
		}
	})
	if got := doc.Find("[data-testid=event]").Length(); got != len(models.EventTypes) {
		t.Errorf("%d types of events are shown, want %d", got, len(models.EventTypes))
	}
	doc.Find("a[href^='#']").Each(func(_ int, s *goquery.Selection) {
		if id := strings.TrimPrefix(s.AttrOr("href", ""), "#"); ids[id] == 0 {
			t.Errorf("link to #%s leads nowhere", id)
		}
	})
	for _, group := range errorKeys {
		for _, key := range group.keys {
			if ids["error-"+errorCode(key)] == 0 {
				t.Errorf("error %s is not explained", errorCode(key))
			}
		}
	}
	for _, want := range []string{"webhook-signature", "Idempotency-Key", "payment.paid", "tp_…", "hmac"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the page does not speak of %s", want)
		}
	}
	if got := fmt.Sprint(len(r.body)/1024) + " KB"; len(r.body) > 430<<10 {
		t.Errorf("the page has %s", got)
	}
}
