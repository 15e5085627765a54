package carriers_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/secret"
)

// The secrets of leaky's account, and the one that its carrier hands out.
const (
	canaryToken  = "tok_canary&of=the \"mine\"<ü>"
	canaryHook   = "whk_canary_of_the_webhooks"
	canaryAccess = "acc_canary_of_the_access"
)

// leaky is a carrier that sends its secrets everywhere.
type leaky struct {
	client *http.Client
	base   string
}

func (leaky) Limits() carriers.Limits { return carriers.Limits{Batch: 5, PerSecond: 1000} }

func (l leaky) ask(ctx context.Context, a carriers.Account, numbers []string) ([]byte, *carriers.Error) {
	token := a.Fields["token"]
	a.BaseURL = l.base
	login, failure := carriers.NewRequest(ctx, http.MethodPost, a, "", "/login", []byte("client_secret="+url.QueryEscape(token)))
	if failure != nil {
		return nil, failure
	}
	login.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+token)))
	if _, failure = carriers.Call(l.client, login, token); failure != nil {
		return nil, failure
	}
	path := "/parcels/" + strings.Join(numbers, ",") + "?q=" + url.QueryEscape(token) + "&sign=canary_of_the_sign"
	body := fmt.Sprintf(`{"token":%q,"password":"canary_of_the_password","nested":{"hook":%q}}`, token, canaryHook)
	request, failure := carriers.NewRequest(ctx, http.MethodPost, a, "", path, []byte(body))
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("X-Session", "canary_of_the_header "+canaryAccess)
	return carriers.Call(l.client, request, canaryAccess)
}

func (l leaky) Track(ctx context.Context, a carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	numbers, answers := make([]string, len(parcels)), make([]carriers.Answer, len(parcels))
	for i := range parcels {
		numbers[i] = parcels[i].Number
	}
	body, failure := l.ask(ctx, a, numbers)
	for i := range answers {
		if answers[i].Err = failure; failure == nil {
			answers[i].Tracking = &carriers.Tracking{Raw: body}
		}
	}
	return answers
}

func (l leaky) Test(ctx context.Context, a carriers.Account) (carriers.Probe, error) {
	left := 12
	if _, failure := l.ask(ctx, a, nil); failure != nil {
		return carriers.Probe{}, fmt.Errorf("test: %w", failure)
	}
	return carriers.Probe{Scopes: []string{"tracking"}, QuotaLeft: &left}, nil
}

// echo answers with all that it was sent.
func echo(t *testing.T, status *int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			fmt.Fprintf(w, `{"access_token":"%s","token_type":"Bearer","expires_in":3600}`, canaryAccess)
			return
		}
		w.WriteHeader(*status)
		fmt.Fprintf(w, `{"query":%q,"header":%q,"basic":%q,"xml":"<authToken>canary_of_the_xml</authToken>",`+
			`"refresh_token":"canary_of_the_refresh","number":"%s"}`,
			r.URL.RawQuery, r.Header, base64.StdEncoding.EncodeToString([]byte(canaryToken)), r.URL.Path)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func newLeaky(t *testing.T, db *models.DB, status *int) *depot {
	t.Helper()
	return newDepotOf(t, db, leaky{http.DefaultClient, echo(t, status)})
}

// newDepotOf is a depot whose account has leaky's secrets, at another carrier.
func newDepotOf(t *testing.T, db *models.DB, carrier carriers.Carrier) *depot {
	t.Helper()
	d := newDepot(t, db)
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	vault := credentials.New(keys)
	account := models.Account{ID: d.account, MerchantID: d.shop.ID, Kind: "sandbox", Name: "Leaky", Enabled: true}
	edit := credentials.Edit{Name: "Leaky", Values: map[string]string{"token": canaryToken, "webhook_secret": canaryHook}, At: db.Now()}
	if err := vault.Apply(credentials.Carriers, &account, edit); err != nil {
		t.Fatal(err)
	}
	modelstest.Write(t, db, func(tx *models.Tx) error {
		a, err := tx.CarrierAccount(models.AllMerchants(), d.account)
		if err != nil {
			return err
		}
		a.Account = account
		return tx.UpdateCarrierAccount(a)
	})
	d.Service = carriers.NewService(db, vault, map[string]carriers.Carrier{"sandbox": carrier},
		carriers.Options{}, slog.New(slog.DiscardHandler))
	return d
}

func (d *depot) logged(t *testing.T) []models.CarrierCall {
	t.Helper()
	rows, _, err := d.db.CarrierCalls(t.Context(), models.MerchantScope(d.shop.ID), models.CarrierCallFilter{AccountID: d.account}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		whole, err := d.db.CarrierCall(t.Context(), models.MerchantScope(d.shop.ID), d.account, rows[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		rows[i] = *whole
	}
	return rows
}

// No secret is in what is kept of calls, wherever it was sent or answered.
func TestLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		status := http.StatusOK
		d := newLeaky(t, db, &status)
		ids := d.addMany(t, d.account, 3)
		if _, err := d.Poll(t.Context(), models.PollArgs{AccountID: d.account, ShipmentIDs: ids}); err != nil {
			t.Fatal(err)
		}
		status = http.StatusInternalServerError
		if got, err := d.TestAccount(t.Context(), models.AllMerchants(), d.account); err != nil || got.OK {
			t.Fatalf("test: %+v, %v", got, err)
		}
		rows := d.logged(t)
		if len(rows) != 4 {
			t.Fatalf("%d calls are kept, want 4", len(rows))
		}
		for _, row := range rows {
			all := strings.Join([]string{row.URL, row.Request, row.Answer, row.Error}, "\n")
			for _, hidden := range []string{
				"canary", url.QueryEscape("canary"), base64.StdEncoding.EncodeToString([]byte(canaryToken)),
				base64.StdEncoding.EncodeToString([]byte("me:" + canaryToken)),
			} {
				if strings.Contains(all, hidden) {
					t.Errorf("%s call of %s holds %q:\n%s", row.Purpose, row.URL, hidden, all)
				}
			}
		}
		polled := rows[2] // the two of the test are newer
		if polled.Purpose != "poll" || polled.Outcome != models.CallOK || polled.Status != http.StatusOK || polled.Parcels != 3 ||
			!strings.Contains(polled.URL, "/parcels/") || polled.Method != http.MethodPost || !strings.Contains(polled.Answer, `"number"`) {
			t.Errorf("call = %+v", polled)
		}
		if login := rows[3]; login.Parcels != 0 || !strings.Contains(login.Answer, `"token_type":"Bearer"`) {
			t.Errorf("login = %+v", login)
		}
		if tested := rows[0]; tested.Purpose != "test" || tested.Outcome != models.CallUnavailable || tested.Status != http.StatusInternalServerError {
			t.Errorf("call of the test = %+v", tested)
		}
	})
}

// What an adapter makes of an answer is the outcome of the call.
func TestOutcomeIsTheAdaptersWord(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		status := http.StatusOK
		said := carriers.Malformed("nothing to be read", nil)
		d := newDepotOf(t, db, picky{leaky{http.DefaultClient, echo(t, &status)}, said})
		id := d.add(t)
		d.poll(t, id)
		rows := d.logged(t)
		if len(rows) != 2 || rows[0].Outcome != models.CallMalformed || rows[0].Error != said.Message || rows[1].Outcome != models.CallOK {
			t.Errorf("calls = %+v", rows)
		}
		if a := d.stored(t); a.LastErrorKind != models.CallMalformed || a.Failures != 0 {
			t.Errorf("account = %+v", a.CarrierHealth)
		}
	})
}

// picky asks like leaky and is content with no answer.
type picky struct {
	leaky

	said *carriers.Error
}

func (p picky) Track(ctx context.Context, a carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := p.leaky.Track(ctx, a, parcels)
	for i := range answers {
		answers[i] = carriers.Answer{Err: p.said}
	}
	return answers
}

func TestTestTellsScopesAndQuota(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		status := http.StatusOK
		d := newLeaky(t, db, &status)
		got, err := d.TestAccount(t.Context(), models.AllMerchants(), d.account)
		if err != nil || !got.OK || got.QuotaLeft == nil || *got.QuotaLeft != 12 || len(got.Scopes) != 1 {
			t.Fatalf("test: %+v, %v", got, err)
		}
		a := d.stored(t)
		if !a.TestOK || a.TestQuotaLeft == nil || *a.TestQuotaLeft != 12 || len(a.TestScopes) != 1 || a.TestScopes[0] != "tracking" {
			t.Errorf("account = %+v", a)
		}
	})
}

// A poll of an account that works writes its log and its figures by one statement
// each, takes the call for its token in a transaction of its own, and spends
// nothing on its health.
func TestStatementsOfAPoll(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		status := http.StatusOK
		count := func(d *depot) int64 {
			id := d.add(t)
			d.poll(t, id)
			d.offset += time.Hour
			modelstest.Due(t, db, id)
			return statements(t, func(ctx context.Context) {
				if _, err := d.Poll(ctx, models.PollArgs{AccountID: d.account, ShipmentIDs: []string{id}}); err != nil {
					t.Fatal(err)
				}
			})
		}
		silent := &courier{limits: carriers.Limits{Batch: 1, PerSecond: 1000}}
		silent.say(tracking())
		with, without := count(newLeaky(t, db, &status)), count(newDepotOf(t, db, silent))
		if with > without+5 {
			t.Errorf("a poll takes %d statements, %d without its log", with, without)
		}
	})
}

// statements counts what fn sends to the database.
func statements(t *testing.T, fn func(ctx context.Context)) int64 {
	t.Helper()
	var n atomic.Int64
	fn(models.CountQueries(t.Context(), &n))
	return n.Load()
}
