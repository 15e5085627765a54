package handlers

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Support rescues payments, sees no credentials, and refunds up to its limit.
func TestAcceptance14SupportsRole(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		support, admin := shop.site.signIn(t, models.RoleSupport, ""), shop.site.signIn(t, models.RoleAdmin, "")
		failed := shop.charge("tok_declined_later")
		support.post("/payments/"+failed+"/retry", retryForm(shop.account.ID)).want(t, http.StatusSeeOther)
		if n := len(shop.site.attempts(t, failed)); n != 2 {
			t.Errorf("%d attempts after support's retry, want 2", n)
		}

		account := "/gateways/" + shop.account.ID
		for _, path := range []string{account, "/gateways/new", account + "/disable"} {
			support.get(path).want(t, http.StatusForbidden)
		}
		for _, path := range []string{
			account, "/gateways", account + "/test", account + "/enable", account + "/disable", account + "/reset", account + "/limit",
			"/carriers", "/merchants/" + shop.merchant.ID + "/rules",
		} {
			support.post(path, url.Values{"name": {"mine"}, "base_url": {"https://thief.example"}}).want(t, http.StatusForbidden)
		}
		if list := support.get("/gateways").want(t, http.StatusOK); strings.Contains(list.body, account) {
			t.Error("support is led to the account's credentials")
		}

		modelstest.Write(t, db, func(tx *models.Tx) error {
			rules, err := shop.site.pay.RulesOf(t.Context(), shop.merchant.ID)
			if err != nil {
				return err
			}
			rules.SupportRefundLimit = 3000
			return shop.site.pay.SetRules(tx, shop.merchant.ID, rules, modelstest.Actor())
		})
		paid := shop.charge("tok_success")
		refund := func(who *browser, amount string) int {
			return who.post("/payments/"+paid+"/refund", url.Values{"amount": {amount}, "reason": {"one was broken"}, keyField: {newFormKey()}}).status
		}
		for _, tt := range []struct {
			who    *browser
			amount string
			want   int
		}{
			{support, "30.01", http.StatusUnprocessableEntity}, // at once
			{support, "20.00", http.StatusSeeOther},
			{support, "10.01", http.StatusUnprocessableEntity}, // nor in parts
			{support, "10.00", http.StatusSeeOther},
			{support, "0.01", http.StatusUnprocessableEntity},
			{admin, "19.90", http.StatusSeeOther},
		} {
			if got := refund(tt.who, tt.amount); got != tt.want {
				t.Errorf("a refund of %s by %s is answered with %d, want %d", tt.amount, tt.who.user.Role, got, tt.want)
			}
		}
		shop.wantPayment(paid, map[string]any{"amount_refund_pending": 4990.0})
	})
}

// What was entered as a secret comes out nowhere: no page, no answer of the API,
// no export, no log line, no kept call, no row of the database.
func TestAcceptance15SecretsStayInside(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var log logged
		shop := newTillLogging(t, db, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		secrets := map[string]string{
			"of the account": "sk_sandbox_" + shop.account.ID, "of its webhooks": hookSecret, "of the API": shop.key,
			"of an endpoint": shop.post("/api/v1/webhook-endpoints", `{"url":"https://other.example.com/hooks"}`).object(t)["secret"].(string),
		}
		paid, failed := shop.charge("tok_success"), shop.charge("tok_declined_later")
		shop.charge("tok_500_after_charge")
		shop.hears(shop.told("charge.succeeded"), 2)
		shop.post("/api/v1/payments/"+failed+"/retry", `{"reason":"the customer asked"}`).want(t, http.StatusAccepted)
		shop.site.hook(t, shop.account.ID, `{"id":"evt_forged"}`, "guessed").problem(t, http.StatusUnauthorized, "bad_signature") // is logged
		file := settled(t, db, shop.account, "ch_1")
		admin := shop.site.signIn(t, models.RoleAdmin, "")
		admin.post("/gateways/"+shop.account.ID+"/test", nil).want(t, http.StatusSeeOther)
		secrets["of a session"] = admin.cookie
		clean := func(where, text string) {
			t.Helper()
			for name, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%s holds the secret %s", where, name)
				}
			}
		}
		for _, who := range []*browser{admin, shop.site.signIn(t, models.RoleSupport, ""), shop.site.signIn(t, models.RoleMerchant, shop.merchant.ID)} {
			for _, page := range []string{
				"/", "/payments", "/payments/" + paid, "/payments/" + failed, "/desk", "/inbound", "/gateways", "/gateways/" + shop.account.ID,
				"/merchants/" + shop.merchant.ID, "/audit", "/deliveries", "/endpoints", "/orders", "/users", "/reconciliation/" + file, "/reconciliation/" + file + "/export",
			} {
				clean(page+" of "+who.user.Role, who.get(page).body)
			}
		}
		for _, path := range []string{"/payments/" + paid, "/payments", "/orders", "/events", "/refunds", "/webhook-endpoints"} {
			clean(path+" of the API", fmt.Sprint(shop.get("/api/v1"+path).object(t)))
		}
		clean("the log", log.String())
		if !strings.Contains(log.String(), "webhook rejected") {
			t.Error("the log was not written")
		}
		tables := dump(t, db)
		for table, rows := range tables {
			clean("the table "+table, rows)
		}
		if !strings.Contains(tables["gateway_accounts"], shop.account.ID) || !strings.Contains(tables["provider_calls"], paid) {
			t.Errorf("the tables were not read: %d, %d bytes", len(tables["gateway_accounts"]), len(tables["provider_calls"]))
		}
	})
}

// logged keeps what many write.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// dump is the text of all rows, by table.
func dump(t *testing.T, db *models.DB) map[string]string {
	t.Helper()
	names := "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	if db.Dialect == models.SQLite {
		names = "SELECT name FROM sqlite_master WHERE type = 'table'"
	}
	tables := texts(t, db, names)
	if len(tables) < 20 {
		t.Fatalf("%d tables", len(tables))
	}
	found := map[string]string{}
	for _, table := range tables {
		found[table] = strings.Join(texts(t, db, `SELECT * FROM "`+table+`"`), "\n")
	}
	return found
}

// texts are the values that a query returns.
func texts(t *testing.T, db *models.DB, query string) []string {
	t.Helper()
	rows, err := db.SQL().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, value := range values {
			if raw, ok := value.([]byte); ok {
				value = string(raw)
			}
			found = append(found, fmt.Sprint(value))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
