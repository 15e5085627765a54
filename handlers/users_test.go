package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		form := func(change url.Values) url.Values {
			f := url.Values{"email": {"new@example.com"}, "role": {"merchant"}, "merchant": {m.Ref}, "password": {rightPassword}}
			maps.Copy(f, change)
			return f
		}
		for name, test := range map[string]struct {
			change url.Values
			field  string
		}{
			"a merchant's user without merchant": {url.Values{"merchant": {""}}, "merchant"},
			"an unknown role":                    {url.Values{"role": {"root"}}, "role"},
			"no e-mail address":                  {url.Values{"email": {"new"}}, "email"},
			"a short password":                   {url.Values{"password": {"short"}}, "password"},
			"the e-mail address as password":     {url.Values{"email": {"longlonglong@example.com"}, "password": {"longlonglong"}}, "password"},
			"a taken e-mail address":             {url.Values{"email": {strings.ToUpper(admin.user.Email)}}, "email"},
		} {
			a := admin.post("/users", form(test.change))
			if a.status != http.StatusUnprocessableEntity || a.Find("#field-"+test.field+"-error").Length() != 1 {
				t.Errorf("%s is answered with %d, errors %v", name, a.status, a.texts(".field-error"))
			}
			if strings.Contains(a.body, rightPassword) {
				t.Errorf("%s: the form shows the password again", name)
			}
		}
		admin.post("/users", form(nil)).want(t, http.StatusSeeOther)
		u, err := db.UserByEmail(t.Context(), "new@example.com")
		if err != nil || u.MerchantID == nil || *u.MerchantID != m.ID {
			t.Fatalf("the user is %+v, %v", u, err)
		}
		s.visitor(t).login("new@example.com", rightPassword, "/").want(t, http.StatusSeeOther)
		if got := admin.get("/users").texts("tr#" + u.ID + " td"); len(got) == 0 || got[2] != m.Name {
			t.Errorf("the list shows the user as %v", got)
		}
		if got := admin.get("/audit?action=user.create").texts("tbody tr"); len(got) != 1 {
			t.Errorf("the audit log has %v", got)
		}
	})
}

func TestDisableUser(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		admin, agent := s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleSupport, "")
		path := "/users/" + agent.user.ID
		if a := admin.get(path+"/disable", htmx...); !strings.Contains(a.body, agent.user.Email) || a.Find("form").Length() != 1 {
			t.Errorf("the dialog is %.300s", a.body)
		}
		agent.get("/").want(t, http.StatusOK)
		admin.post(path+"/disable", nil).want(t, http.StatusSeeOther)
		agent.get("/").want(t, http.StatusSeeOther)
		admin.post(path+"/disable", nil).want(t, http.StatusNotFound)
		admin.post(path+"/enable", nil).want(t, http.StatusSeeOther)
		admin.post("/users/"+admin.user.ID+"/disable", nil).want(t, http.StatusConflict)
		admin.get("/").want(t, http.StatusOK)
	})
}

func TestSetPasswordEndsSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	admin, agent := s.signIn(t, models.RoleAdmin, ""), s.signIn(t, models.RoleSupport, "")
	path := "/users/" + agent.user.ID + "/password"
	a := admin.post(path, url.Values{"password": {"123456789012"}}, htmx...).want(t, http.StatusUnprocessableEntity)
	if a.Find("#field-password-error").Length() != 1 || a.Find("html > body > header").Length() != 0 {
		t.Errorf("the dialog comes back as %.300s", a.body)
	}
	a = admin.post(path, url.Values{"password": {rightPassword}}, htmx...).want(t, http.StatusOK)
	if a.header.Get(hxRedirect) != "/users" {
		t.Errorf("htmx is led to %q", a.header.Get(hxRedirect))
	}
	agent.get("/").want(t, http.StatusSeeOther)
	s.visitor(t).login(agent.user.Email, rightPassword, "/").want(t, http.StatusSeeOther)
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		u := member(t, db, "grace@example.com")
		signIn := func() *browser {
			cookie := cookieOf(s.visitor(t).login(u.Email, rightPassword, "/").want(t, http.StatusSeeOther), "tillpost_session")
			b := &browser{site: s, t: t, cookie: cookie.Value}
			b.csrf, _ = b.get("/preferences").Find("meta[name=csrf-token]").Attr("content")
			return b
		}
		here, there := signIn(), signIn()

		bad := here.post("/preferences/timezone", url.Values{"timezone": {"Mars/Olympus"}})
		if bad.want(t, http.StatusUnprocessableEntity).Find("#field-timezone-error").Length() != 1 {
			t.Errorf("a wrong zone is told as %v", bad.texts(".field-error"))
		}
		here.post("/preferences/timezone", url.Values{"timezone": {"Asia/Tokyo"}, "return_to": {"//evil.example"}}).want(t, http.StatusSeeOther)
		here.post("/preferences/language", url.Values{"language": {"ms"}}).want(t, http.StatusSeeOther)
		page := here.get("/preferences")
		if lang, _ := page.Find("html").Attr("lang"); lang != "ms" {
			t.Errorf("the page speaks %q", lang)
		}
		if !strings.Contains(page.Find("#user-menu").Text(), "Asia/Tokyo") {
			t.Errorf("times are not shown in the chosen zone")
		}
		themed := here.post("/preferences/theme", url.Values{"theme": {"dark"}}).want(t, http.StatusSeeOther)
		if c := cookieOf(themed, themeCookie); c == nil || c.Value != "dark" {
			t.Errorf("the theme's cookie is %v", c)
		}
		here.post("/preferences/language", url.Values{"language": {"xx"}}).want(t, http.StatusUnprocessableEntity)

		if n := page.Find("#sessions li").Length(); n != 2 {
			t.Errorf("%d sessions are listed", n)
		}
		here.post("/preferences/sessions/end", nil).want(t, http.StatusSeeOther)
		there.get("/").want(t, http.StatusSeeOther)

		wrong := here.post("/preferences/password", url.Values{"current": {"something else"}, "password": {"another long sentence"}})
		if wrong.want(t, http.StatusUnprocessableEntity).Find("#field-current-error").Length() != 1 {
			t.Errorf("a wrong password is told as %v", wrong.texts(".field-error"))
		}
		changed := here.post("/preferences/password", url.Values{"current": {rightPassword}, "password": {"another long sentence"}})
		fresh := cookieOf(changed.want(t, http.StatusSeeOther), "tillpost_session")
		if fresh == nil || fresh.Value == here.cookie {
			t.Fatalf("the session keeps its id: %v", fresh)
		}
		here.get("/").want(t, http.StatusSeeOther)
		here.cookie = fresh.Value
		here.get("/").want(t, http.StatusOK)
	})
}

func TestMerchantKeys(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		bad := admin.post("/merchants", url.Values{"name": {"Tea"}, "currency": {"XXY"}, "timezone": {"Asia/Tokyo"}})
		if bad.want(t, http.StatusUnprocessableEntity).Find("#field-currency-error").Length() != 1 {
			t.Errorf("a wrong currency is told as %v", bad.texts(".field-error"))
		}
		form := url.Values{"name": {"Tea & Co"}, "currency": {"jpy"}, "timezone": {"Asia/Tokyo"}}
		page := admin.post("/merchants", form).want(t, http.StatusSeeOther).header.Get(fiber.HeaderLocation)
		again := admin.post("/merchants", form).want(t, http.StatusUnprocessableEntity)
		if len(again.texts(".alert"))+len(again.texts(".field-error")) == 0 {
			t.Error("a merchant that exists is refused without a word")
		}

		key, _ := admin.get(page + "/keys/new").Find("input[name=_key]").Attr("value")
		none := url.Values{keyField: {key}, "name": {"shop"}}
		admin.post(page+"/keys", none).want(t, http.StatusUnprocessableEntity)
		form = url.Values{keyField: {key}, "name": {"shop"}, "scope": {"read", "orders"}}
		made := admin.post(page+"/keys", form)
		text := strings.TrimSpace(made.want(t, http.StatusOK).Find("[data-testid=new-key] code").Text())
		if reply := s.call(t, http.MethodGet, apiPrefix+"/orders", "", "Authorization", "Bearer "+text); reply.status != http.StatusOK {
			t.Fatalf("the new key %q is answered with %d", text, reply.status)
		}
		twice := admin.post(page+"/keys", form).want(t, http.StatusOK)
		if strings.Contains(twice.body, text) || twice.Find("[data-testid=new-key]").Length() != 0 {
			t.Error("a form that was sent twice shows a key twice")
		}
		list := admin.get(page)
		rows := list.Find("#keys tbody tr")
		if rows.Length() != 1 || strings.Contains(list.body, text) {
			t.Fatalf("%d keys are listed", rows.Length())
		}
		id, _ := rows.First().Attr("id")
		admin.get(page+"/keys/"+id+"/revoke").want(t, http.StatusOK)
		for range 2 { // the second finds it done
			admin.post(page+"/keys/"+id+"/revoke", nil).want(t, http.StatusSeeOther)
		}
		k, err := db.APIKey(t.Context(), models.AllMerchants(), id)
		if err != nil || k.RevokedAt == nil {
			t.Errorf("the key is %+v, %v", k, err)
		}
		if got := admin.get("/audit").texts("tbody tr"); len(got) != 3 {
			t.Errorf("the audit log has %v", got)
		}
		other := modelstest.Merchant(t, db)
		admin.post("/merchants/"+other.ID+"/keys/"+id+"/revoke", nil).want(t, http.StatusNotFound)
	})
}
