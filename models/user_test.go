package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func createUser(t testing.TB, db *models.DB, u models.User) (*models.User, error) {
	t.Helper()
	var made *models.User
	err := db.Write(t.Context(), func(tx *models.Tx) (err error) {
		made, err = tx.CreateUser(u)
		return err
	})
	return made, err
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m, nobody := modelstest.Merchant(t, db), models.NewID(models.PrefixMerchant)
		for _, tt := range []struct {
			name string
			user models.User
			want string // the code, or empty
		}{
			{"admin", models.User{Email: " Ada@Example.com ", Role: models.RoleAdmin}, ""},
			{"the same address in capitals", models.User{Email: "ADA@example.COM", Role: models.RoleSupport}, "email_taken"},
			{"merchant", models.User{Email: "m@example.com", Role: models.RoleMerchant, MerchantID: &m.ID}, ""},
			{"merchant without one", models.User{Email: "n@example.com", Role: models.RoleMerchant}, "required"},
			{"merchant of nobody", models.User{Email: "o@example.com", Role: models.RoleMerchant, MerchantID: &nobody}, "not_found"},
			{"no address", models.User{Email: "ada", Role: models.RoleAdmin}, "bad_email"},
			{"name and address", models.User{Email: "Ada <ada@example.org>", Role: models.RoleAdmin}, "bad_email"},
			{"no such role", models.User{Email: "p@example.com", Role: "root"}, "unknown_role"},
		} {
			made, err := createUser(t, db, tt.user)
			var refused *models.Error
			if (tt.want == "") != (err == nil) || err != nil && (!errors.As(err, &refused) || refused.Code != tt.want) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			}
			if err == nil && made.Role == models.RoleMerchant && (!made.Scope().Sees(m.ID) || made.Scope().Sees(nobody)) {
				t.Errorf("%s has the scope %+v", tt.name, made.Scope())
			}
		}
		if u, err := db.UserByEmail(t.Context(), "ada@EXAMPLE.com"); err != nil || !u.Scope().Sees(nobody) {
			t.Errorf("found %+v, %v", u, err)
		}
		if (&models.User{Role: models.RoleMerchant}).Scope().Sees("") {
			t.Error("a merchant's user without a merchant sees something")
		}
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := db.Now()
		db.Now = func() time.Time { return clock }
		u, err := createUser(t, db, models.User{Email: "ada@example.com", Role: models.RoleAdmin})
		if err != nil {
			t.Fatal(err)
		}
		create := func(hash string) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				return tx.CreateSession(models.Session{IDHash: hash, UserID: u.ID, ExpiresAt: clock.Add(time.Hour)})
			})
		}
		alive := func(hash string) bool {
			_, err := db.Session(t.Context(), hash)
			if err != nil && !errors.Is(err, models.ErrNotFound) {
				t.Error(err)
			}
			return err == nil
		}
		touch := func(hash string) (ok bool) {
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				ok, err = tx.TouchSession(hash, "data", clock.Add(time.Hour))
				return err
			})
			return ok
		}
		for _, hash := range []string{"a", "b", "c"} {
			if err := create(hash); err != nil {
				t.Fatal(err)
			}
		}
		clock = clock.Add(59 * time.Minute)
		if !touch("a") || !alive("b") || alive("nonsense\x00\xff") {
			t.Error("before the hour is over")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DeleteSession("c") })
		clock = clock.Add(2 * time.Minute)
		if !alive("a") || alive("b") || touch("b") || alive("b") || touch("c") || alive("c") {
			t.Error("after the hour: an ended session lives, or the lengthened one does not")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.SetPassword(u.ID, "hash") })
		if alive("a") {
			t.Error("a session outlives its password")
		}
		if err := create("d"); err != nil {
			t.Error(err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DisableUser(u.ID) })
		if err := create("e"); alive("d") || !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a disabled user has a session, or gets one: %v", err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.EnableUser(u.ID) })
		if err := create("f"); err != nil || !alive("f") {
			t.Errorf("an enabled user: %v", err)
		}
	})
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := modelstest.Merchant(t, db)
		create := func(name string, scopes ...string) (k *models.APIKey, text string, err error) {
			err = db.Write(t.Context(), func(tx *models.Tx) (err error) {
				k, text, err = tx.CreateAPIKey(m.ID, name, scopes)
				return err
			})
			return k, text, err
		}
		full, text, err := create("shop")
		if err != nil {
			t.Fatal(err)
		}
		narrow, other, err := create("till", "read")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := create("bad", "everything"); !errors.Is(err, models.Invalid("", "unknown_scope")) {
			t.Errorf("a scope that does not exist: %v", err)
		}
		if _, _, err := create(" "); !errors.Is(err, models.Invalid("", "required")) {
			t.Errorf("a key without a name: %v", err)
		}
		if k, err := db.APIKeyByText(t.Context(), text); err != nil || k.ID != full.ID || !k.Allows("payments") {
			t.Errorf("found %+v, %v", k, err)
		}
		if k, err := db.APIKeyByText(t.Context(), other); err != nil || k.ID != narrow.ID || k.Allows("payments") || !k.Allows("read") {
			t.Errorf("found %+v, %v", k, err)
		}
		for name, wrong := range map[string]string{
			"empty": "", "of another form": "sk_live_1", "another's secret part": text[:12] + other[12:],
			"cut off": text[:len(text)-1], "too long": text + "x", "in capitals": "TP" + text[2:],
			"NUL": "tp_\x00\x00\x00\x00\x00\x00\x00\x00_x", "not UTF-8": "tp_\xff\xff\xff\xff\xff\xff\xff\xff_x",
			"more parts": text + "_", "blank": "tp_        _", "wildcards": "tp_%%%%%%%%_%",
		} {
			if _, err := db.APIKeyByText(t.Context(), wrong); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range 2 { // the second changes nothing
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.RevokeAPIKey(models.MerchantScope(m.ID), full.ID) })
		}
		if _, err := db.APIKeyByText(t.Context(), text); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a revoked key: %v", err)
		}
		if n := count(t, db, "api_keys", "hash LIKE ? OR prefix LIKE ?", "%"+text[12:]+"%", "%"+text[12:]+"%"); n != 0 {
			t.Error("the secret part of a key is stored")
		}
	})
}

func TestAuditEntries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		o := modelstest.Order(t, db, s.ID, 100)
		actor := models.Actor{Kind: "user", ID: "usr_1", Name: "Ada", IP: "192.0.2.1", RequestID: "req_1"}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return errors.Join(
				tx.Audit(actor, models.AuditEntry{
					MerchantID: &s.ID, Action: "payment.retry", ObjectID: "pay_1", OrderID: &o.ID, Reason: "asked by phone",
					Detail: map[string]string{"gateway": "gwa_1"},
				}),
				tx.Audit(modelstest.Actor(), models.AuditEntry{Action: "keys.rotate"}),
			)
		})
		for name, f := range map[string]models.AuditFilter{
			"object": {ObjectID: "pay_1"}, "order": {OrderID: o.ID}, "action": {Action: "payment.retry"}, "actor": {ActorID: "usr_1"},
		} {
			found, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), f, models.Page{})
			if err != nil || len(found) != 1 || found[0].Reason != "asked by phone" || found[0].Detail["gateway"] != "gwa_1" ||
				found[0].ActorName != "Ada" || found[0].IP != "192.0.2.1" {
				t.Errorf("by %s: %+v, %v", name, found, err)
			}
		}
		if found, _, err := db.AuditEntries(t.Context(), s.scope, models.AuditFilter{}, models.Page{}); err != nil || len(found) != 1 {
			t.Errorf("the merchant sees %d entries, %v", len(found), err)
		}
	})
}

func TestCreateMerchant(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		existing := modelstest.Merchant(t, db)
		for _, tt := range []struct {
			name     string
			merchant models.Merchant
			ref      string
			want     string
		}{
			{"plain", models.Merchant{Name: " Café & Söhne ", Currency: "EUR"}, "caf-s-hne", ""},
			{"in Chinese", models.Merchant{Name: "茶店", Currency: "CNY", Timezone: "Asia/Shanghai"}, "", ""},
			{"ref that looks like an id", models.Merchant{Ref: existing.ID, Name: "X", Currency: "EUR"}, "", ""},
			{"same ref", models.Merchant{Ref: existing.Ref, Name: "X", Currency: "EUR"}, "", "merchant_ref_taken"},
			{"no name", models.Merchant{Name: " ", Currency: "EUR"}, "", "required"},
			{"no currency", models.Merchant{Name: "X", Currency: "eur"}, "", "unknown_currency"},
			{"no such place", models.Merchant{Name: "X", Currency: "EUR", Timezone: "Mars/Olympus"}, "", "unknown_timezone"},
			{"the machine's place", models.Merchant{Name: "X", Currency: "EUR", Timezone: "Local"}, "", "unknown_timezone"},
		} {
			var made *models.Merchant
			err := db.Write(t.Context(), func(tx *models.Tx) (err error) {
				made, err = tx.CreateMerchant(tt.merchant)
				return err
			})
			var refused *models.Error
			if (tt.want == "") != (err == nil) || err != nil && (!errors.As(err, &refused) || refused.Code != tt.want) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			}
			if err == nil && tt.ref != "" && made.Ref != tt.ref {
				t.Errorf("%s: ref %q, want %q", tt.name, made.Ref, tt.ref)
			}
		}
		if m, err := db.Merchant(t.Context(), models.AllMerchants(), existing.ID); err != nil || m.ID != existing.ID {
			t.Errorf("by id: %+v, %v", m, err)
		}
	})
}
