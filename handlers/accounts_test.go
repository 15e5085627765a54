package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/sandbox"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// outside is a provider and carrier on loopback.
func outside(t *testing.T) string {
	t.Helper()
	fake, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(fake.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// canaries are secrets that no page may ever show.
var canaries = map[string]string{
	"secret_key": "sk_sandbox_canary_in_the_mine", "webhook_secret": "whk_canary_of_the_webhooks", "token": "tok_canary_of_the_couriers",
}

// accountsOf are a merchant's accounts of either table.
func accountsOf(t *testing.T, db *models.DB, path, merchantID string) []models.Account {
	t.Helper()
	var found []models.Account
	if path == views.GatewaysPath {
		rows, err := db.GatewayAccounts(t.Context(), models.MerchantScope(merchantID))
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			found = append(found, rows[i].Account)
		}
		return found
	}
	rows, err := db.CarrierAccounts(t.Context(), models.MerchantScope(merchantID))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		found = append(found, rows[i].Account)
	}
	return found
}

// accountForm fills in the form of a new account as an administrator would.
func accountForm(t *testing.T, admin *browser, path string, m *models.Merchant, secretField string) url.Values {
	t.Helper()
	choose := admin.get(path+"/new").want(t, http.StatusOK)
	uitest.Check(t, choose.Document)
	blank := admin.get(path+"/new?merchant="+m.Ref+"&kind=sandbox").want(t, http.StatusOK)
	uitest.Check(t, blank.Document)
	return url.Values{
		"_key": {formKey(t, blank)}, "merchant": {m.Ref}, "kind": {"sandbox"}, "name": {"Main account"}, "position": {"3"},
		views.FieldPrefix + secretField: {canaries[secretField]}, views.FieldPrefix + "webhook_secret": {canaries["webhook_secret"]},
	}
}

// addAccount makes an account by its form and returns its page.
func addAccount(t *testing.T, admin *browser, path string, m *models.Merchant, secretField, baseURL string) string {
	t.Helper()
	form := accountForm(t, admin, path, m, secretField)
	form.Set("base_url", baseURL)
	return admin.post(path, form).want(t, http.StatusSeeOther).header.Get("Location")
}

// secretFields are the fields that the sandbox's accounts cannot do without.
var secretFields = map[string]string{views.GatewaysPath: "secret_key", views.CarriersPath: "token"}

// An edit of what somebody else has edited meanwhile would take theirs back.
func TestAccountChangedMeanwhileIsShown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		first, second := s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleAdmin, "")
		for path, secretField := range secretFields {
			address := addAccount(t, first, path, m, secretField, "https://pay.example")
			early := second.get(address).want(t, http.StatusOK).filledIn()
			form := first.get(address).filledIn()
			form.Set("position", "5")
			first.post(address, form).want(t, http.StatusSeeOther)
			early.Set("position", "many")
			refused := second.post(address, early).want(t, http.StatusUnprocessableEntity).filledIn()
			refused.Set("name", "Renamed")
			refused.Set("position", "1")
			shown := second.post(address, refused).want(t, http.StatusConflict)
			anew := shown.filledIn()
			if !strings.Contains(shown.Text(), "changed in the meantime") || anew.Get("position") != "5" || anew.Get("name") != "Main account" {
				t.Errorf("%s: the second one is shown %v", path, anew)
			}
			anew.Set("name", "Renamed")
			second.post(address, anew).want(t, http.StatusSeeOther)
			if a := accountsOf(t, db, path, m.ID)[0]; a.Name != "Renamed" || a.Position != 5 {
				t.Errorf("%s: the account is %q at %d", path, a.Name, a.Position)
			}
		}
	})
}

func TestAccountEditKeepsSecretsThatAreLeftEmpty(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		for path, secretField := range secretFields {
			table := credentials.Gateways
			if path == views.CarriersPath {
				table = credentials.Carriers
			}
			address := addAccount(t, admin, path, m, secretField, "https://pay.example")
			page := admin.get(address).want(t, http.StatusOK)
			uitest.Check(t, page.Document)
			if state := page.texts("details.secret summary"); len(state) != 2 || !strings.Contains(state[0], "ends in "+last(canaries[secretField], 4)) ||
				!strings.Contains(state[0], admin.user.Email) {
				t.Errorf("%s tells of stored secrets %q", path, state)
			}
			admin.post(address, url.Values{"name": {"Renamed"}, "position": {"1"}, "base_url": {"https://pay.example"}}).want(t, http.StatusSeeOther)
			a := accountsOf(t, db, path, m.ID)[0]
			opened, err := s.vault.Open(table, &a)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{secretField: canaries[secretField], "webhook_secret": canaries["webhook_secret"]}
			if diff := cmp.Diff(want, opened); diff != "" || a.Name != "Renamed" || a.Position != 1 {
				t.Errorf("%s after an edit is %q at %d, secrets (-want +got):\n%s", path, a.Name, a.Position, diff)
			}
			moved := admin.post(address, url.Values{"name": {"Renamed"}, "base_url": {"https://evil.example"}}).want(t, http.StatusUnprocessableEntity)
			if got := moved.texts("#field-" + views.FieldPrefix + secretField + "-error"); len(got) != 1 || !strings.Contains(got[0], "address changed") {
				t.Errorf("%s: another address is told as %q", path, got)
			}
			admin.post(address, url.Values{
				"name": {"Renamed"}, "base_url": {"https://new.example"}, views.FieldPrefix + secretField: {"another_secret_of_it"},
				views.FieldPrefix + "webhook_secret": {"another_of_the_webhooks"},
			}).want(t, http.StatusSeeOther)
			if a = accountsOf(t, db, path, m.ID)[0]; a.BaseURL != "https://new.example" {
				t.Errorf("%s: the address is %q", path, a.BaseURL)
			}
			if diff := cmp.Diff([]string{"account.update", "account.update", "account.create"}, actions(t, db, a.ID)); diff != "" {
				t.Errorf("%s: audit log (-want +got):\n%s", path, diff)
			}
		}
	})
}

func last(text string, n int) string { return text[len(text)-n:] }

func TestAccountIsRefusedBesideItsField(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		tests := map[string]struct {
			field, value string
			error        string
		}{
			"no name":                 {"name", "", "#field-name-error"},
			"a name that is in use":   {"name", "Taken", "#field-name-error"},
			"no secret":               {views.FieldPrefix + "secret_key", "", "#field-field_secret_key-error"},
			"no web address":          {"base_url", "gopher://pay.example", "#field-base_url-error"},
			"no number":               {"position", "first", "#field-position-error"},
			"a kind that is none":     {"kind", "barter", "#field-kind-error"},
			"a merchant that is none": {"merchant", "", "#field-merchant-error"},
		}
		form := accountForm(t, admin, views.GatewaysPath, m, "secret_key")
		form.Set("name", "Taken")
		first := admin.post(views.GatewaysPath, form).want(t, http.StatusSeeOther).header.Get("Location")
		again := admin.post(views.GatewaysPath, form).want(t, http.StatusSeeOther).header.Get("Location")
		if first != again || len(accountsOf(t, db, views.GatewaysPath, m.ID)) != 1 {
			t.Errorf("sending the form twice made %s and %s", first, again)
		}
		for name, test := range tests {
			form := accountForm(t, admin, views.GatewaysPath, m, "secret_key")
			form.Set(test.field, test.value)
			refused := admin.post(views.GatewaysPath, form).want(t, http.StatusUnprocessableEntity)
			if got := refused.texts(test.error); len(got) != 1 {
				t.Errorf("%s: errors %q", name, got)
			}
			if strings.Contains(refused.body, canaries["secret_key"]) {
				t.Errorf("%s: the refused form shows the secret", name)
			}
		}
	})
}

// That a provider refused an account's credentials is forgotten when they are
// taken, or replaced, and not for anything else that is changed of the account.
func TestRefusedCredentialsAreForgotten(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		base, m := outside(t), modelstest.Merchant(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		secretField := secretFields[views.GatewaysPath]
		address := addAccount(t, admin, views.GatewaysPath, m, secretField, base)
		id := strings.TrimPrefix(address, views.GatewaysPath+"/")
		refuse := func() {
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.NoteGatewayAccess(id, "invalid_api_key") })
		}
		refused := func(after string, want bool) {
			t.Helper()
			a, err := db.GatewayAccount(t.Context(), models.AllMerchants(), id)
			if err != nil || (a.RefusedAt != nil) != want {
				t.Errorf("after %s: %v, %v", after, a.RefusedAt, err)
			}
		}
		form := url.Values{"name": {"Other name"}, "base_url": {base}}
		refuse()
		admin.post(address, form).want(t, http.StatusSeeOther)
		refused("a new name", true)
		admin.post(address+"/enable", nil).want(t, http.StatusSeeOther)
		refused("it was switched on", true)
		admin.post(address+"/test", nil, htmx...).want(t, http.StatusOK)
		refused("a test that passed", false)
		refuse()
		form.Set(views.FieldPrefix+secretField, "pk_canary_that_is_refused")
		admin.post(address, form).want(t, http.StatusSeeOther)
		refused("new credentials", false)
		refuse()
		admin.post(address+"/test", nil, htmx...).want(t, http.StatusOK)
		refused("a test that failed", true)
	})
}

func TestAccountConnection(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		base := outside(t)
		admin := s.signIn(t, models.RoleAdmin, "")
		for path, secretField := range secretFields {
			m := modelstest.Merchant(t, db)
			address := addAccount(t, admin, path, m, secretField, base)
			if got := admin.get(address).texts("[data-testid=test-result]"); !cmp.Equal(got, []string{"Credentials not tested yet"}) {
				t.Errorf("%s: an account that was not tested is %q", path, got)
			}
			works := admin.post(address+"/test", nil, htmx...).want(t, http.StatusOK)
			if got := works.texts("[data-testid=test-result]"); len(got) != 1 || !strings.HasPrefix(got[0], "Connected") {
				t.Errorf("%s: a test that worked is %q", path, got)
			}
			if a := accountsOf(t, db, path, m.ID)[0]; a.TestedAt == nil || !a.TestOK {
				t.Errorf("%s: the result is not kept: %+v", path, a)
			}
			wrong := url.Values{
				"name": {"Main account"}, "base_url": {base}, views.FieldPrefix + secretField: {"pk_canary_that_is_refused"},
				views.FieldPrefix + "webhook_secret": {canaries["webhook_secret"]},
			}
			admin.post(address, wrong).want(t, http.StatusSeeOther)
			fails := admin.post(address+"/test", nil, htmx...).want(t, http.StatusOK)
			if got := fails.texts("[data-testid=test-result]"); len(got) != 1 || !strings.HasPrefix(got[0], "Connection failed") || !strings.Contains(got[0], "refused") {
				t.Errorf("%s: a test that failed is %q", path, got)
			}
			plain := admin.post(address+"/test", nil).want(t, http.StatusSeeOther)
			if plain.header.Get("Location") != address {
				t.Errorf("%s: without script it leads to %q", path, plain.header.Get("Location"))
			}
			if strings.Contains(fails.body, "canary") || strings.Contains(admin.get(address).body, "canary") {
				t.Errorf("%s: the result of a test shows the secret", path)
			}
			list := s.signIn(t, models.RoleSupport, "").get(path+"?merchant="+m.Ref).want(t, http.StatusOK)
			uitest.Check(t, list.Document)
			links := map[string]int{views.GatewaysPath: 0, views.CarriersPath: 1}[path] // support sees the health of carriers' accounts
			if row := list.texts("tr[data-row]"); len(row) != 1 || !strings.Contains(row[0], "Connection failed") || list.Find("tr[data-row] a").Length() != links {
				t.Errorf("%s: support sees %q", path, row)
			}
		}
	})
}

func TestAccountShowsWhereWebhooksGo(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	m := modelstest.Merchant(t, s.db)
	admin := s.signIn(t, models.RoleAdmin, "")
	silent := models.CarrierAccount{Account: models.Account{
		ID: models.NewID(models.PrefixCarrierAccount), MerchantID: m.ID, Kind: "dhl", Name: "DHL", Enabled: true,
	}}
	modelstest.Write(t, s.db, func(tx *models.Tx) error { return tx.CreateCarrierAccount(silent) })
	for path, id := range map[string]string{"/gateways/": modelstest.Gateway(t, s.db, m.ID).ID, "/carriers/": courier(t, s.db, m.ID).ID} {
		want := "http://tillpost.test/hooks/" + id
		if a := admin.get(path+id).want(t, http.StatusOK); a.Find("[data-copy='"+want+"']").Length() != 1 {
			t.Errorf("the page does not show %s to be copied", want)
		}
	}
	if a := admin.get("/carriers/"+silent.ID).want(t, http.StatusOK); strings.Contains(a.body, "/hooks/") {
		t.Error("a carrier's page shows an address that does not exist")
	}
}

func TestAccountSwitches(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		address := addAccount(t, admin, views.CarriersPath, m, "token", "")
		id := strings.TrimPrefix(address, views.CarriersPath+"/")
		admin.get(address+"/disable").want(t, http.StatusOK)
		admin.post(address+"/disable", nil).want(t, http.StatusSeeOther)
		if accountsOf(t, db, views.CarriersPath, m.ID)[0].Enabled {
			t.Error("a disabled account is enabled")
		}
		admin.post(address+"/enable", nil).want(t, http.StatusSeeOther)
		stop := func() {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.StopCarrierAccount(id, "the credentials were refused")
				return err
			})
		}
		stop()
		if page := admin.get(address).want(t, http.StatusOK); !strings.Contains(page.Find("#account-health").Text(), "the credentials were refused") {
			t.Error("a stopped account does not say why")
		}
		resumed := admin.post(address+"/resume", url.Values{"reason": {"the key works again"}}, htmx...).want(t, http.StatusOK)
		if strings.Contains(resumed.body, "the credentials were refused") || !strings.Contains(resumed.body, "Resumed") {
			t.Errorf("a resumed account is told as %s", resumed.body)
		}
		stop()
		admin.post(address, url.Values{"name": {"Main account"}, views.FieldPrefix + "token": {"tok_new_and_better"}}).want(t, http.StatusSeeOther)
		a, err := db.CarrierAccount(t.Context(), models.AllMerchants(), id)
		if err != nil || a.StoppedAt != nil || !a.Enabled {
			t.Errorf("new credentials do not lift the stop: %+v, %v", a, err)
		}
		want := []string{"account.update", "account.resume", "account.enable", "account.disable", "account.create"}
		if diff := cmp.Diff(want, actions(t, db, id)); diff != "" {
			t.Errorf("audit log (-want +got):\n%s", diff)
		}
	})
}

// All fields that are empty are marked, not the first of them alone; and carriers
// are named like carriers.
func TestNewAccountMarksAllThatIsMissing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		blank := admin.get("/carriers/new?merchant="+m.Ref+"&kind=ups").want(t, http.StatusOK)
		if got := blank.Find("#field-name-hint").Text(); !strings.Contains(got, "DHL") {
			t.Errorf("the name's hint is %q", got)
		}
		refused := admin.post("/carriers", url.Values{"_key": {formKey(t, blank)}, "merchant": {m.Ref}, "kind": {"ups"}}).want(t, http.StatusUnprocessableEntity)
		if got := refused.texts(".field-error"); len(got) != 3 { // name, client_id, client_secret
			t.Errorf("marked are %q", got)
		}
	})
}
