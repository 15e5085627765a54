package handlers

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestForgedForms(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	who, other := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleSupport, "")
	for _, test := range []struct {
		name    string
		token   string
		headers []string
		allowed bool
	}{
		{"our own form", who.csrf, []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"typed by the user", who.csrf, []string{"Sec-Fetch-Site", "none"}, true},
		{"an old browser", who.csrf, nil, true},
		{"an old browser that names us", who.csrf, []string{fiber.HeaderOrigin, "http://tillpost.test"}, true},
		{"the token in htmx's header", "", []string{csrfHeader, who.csrf}, true},
		{"another site", who.csrf, []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"a subdomain", who.csrf, []string{"Sec-Fetch-Site", "same-site"}, false},
		{"an old browser that names another site", who.csrf, []string{fiber.HeaderOrigin, "https://evil.example"}, false},
		{"an old browser that hides its origin", who.csrf, []string{fiber.HeaderOrigin, "null"}, false},
		{"no token", "", []string{"Sec-Fetch-Site", "same-origin"}, false},
		{"a wrong token", randomToken(), []string{"Sec-Fetch-Site", "same-origin"}, false},
		{"the token of another session", other.csrf, []string{"Sec-Fetch-Site", "same-origin"}, false},
	} {
		form := url.Values{csrfField: {test.token}, "timezone": {"UTC"}, "return_to": {"/preferences"}}
		a := who.post("/preferences/timezone", form, test.headers...)
		want := http.StatusForbidden
		if test.allowed {
			want = http.StatusSeeOther
		}
		if a.status != want {
			t.Errorf("%s is answered with %d, want %d", test.name, a.status, want)
		}
	}
	a := who.post("/preferences/timezone", url.Values{csrfField: {"x"}}, htmx...)
	if a.status != http.StatusForbidden || a.header.Get(hxReswap) != "none" || !strings.Contains(a.body, `hx-target="#toasts"`) {
		t.Errorf("htmx gets %d, %q, %.200s", a.status, a.header.Get(hxReswap), a.body)
	}
}

func TestErrorsAreShownToWhoAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	who := s.signIn(t, models.RoleMerchant, modelstest.Merchant(t, s.db).ID)
	page := who.get("/nowhere", fiber.HeaderAcceptLanguage, "zh-CN").want(t, http.StatusNotFound)
	if page.Find("[data-testid=error]").Length() != 1 || !strings.Contains(page.body, page.header.Get(fiber.HeaderXRequestID)) {
		t.Errorf("the error page lacks its request id: %.300s", page.body)
	}
	if lang, _ := page.Find("html").Attr("lang"); lang != "zh-Hans" {
		t.Errorf("the error page speaks %q", lang)
	}
	who.get("/users").want(t, http.StatusForbidden)
	if a := who.get("/users", htmx...); a.status != http.StatusForbidden || !strings.Contains(a.body, "data-toast") {
		t.Errorf("htmx gets %d %.200s", a.status, a.body)
	}
	for _, path := range []string{"/", "/nowhere", "/static/0/app.css"} {
		a := who.get(path)
		if got := a.header.Get(fiber.HeaderContentSecurityPolicy); got != contentPolicy {
			t.Errorf("%s has the policy %q", path, got)
		}
		if got := a.header.Get(fiber.HeaderServer); got != "" {
			t.Errorf("%s names the server %q", path, got)
		}
	}
	big := who.post("/preferences/timezone", url.Values{"timezone": {strings.Repeat("x", maxForm)}})
	big.want(t, http.StatusRequestEntityTooLarge)
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	p := newProxies([]string{"10.0.0.0/8", "192.0.2.7"})
	for _, test := range []struct{ remote, forwarded, want string }{
		{"198.51.100.1", "", "198.51.100.1"},
		{"198.51.100.1", "203.0.113.9", "198.51.100.1"}, // not a proxy of ours: it may say what it likes
		{"10.1.2.3", "203.0.113.9", "203.0.113.9"},
		{"10.1.2.3", "6.6.6.6, 203.0.113.9", "203.0.113.9"},
		{"10.1.2.3", "6.6.6.6, 203.0.113.9, 192.0.2.7", "203.0.113.9"},
		{"10.1.2.3", "nonsense", "10.1.2.3"},
		{"10.1.2.3", "", "10.1.2.3"},
		{"::ffff:10.1.2.3", "2001:db8::5", "2001:db8::5"},
	} {
		if got := p.client(net.ParseIP(test.remote), test.forwarded); got != test.want {
			t.Errorf("%s forwarding for %q is %s, want %s", test.remote, test.forwarded, got, test.want)
		}
	}
}
