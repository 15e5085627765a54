package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// replayed begins a replay of the orders that an endpoint of the merchant has missed.
func replayed(t *testing.T, db *models.DB, endpointID string) *models.Replay {
	t.Helper()
	var r *models.Replay
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		r, err = tx.CreateReplay(models.AllMerchants(), models.Replay{
			EndpointID: endpointID, Kind: models.ReplayMissed, Since: tx.Now().Add(-time.Hour), Until: tx.Now(), Reason: "down", PerMinute: 60, Total: 1,
		})
		return err
	})
	return r
}

// What an endpoint missed is looked at first, sent with a reason, and followed to
// its end.
func TestReplayFromItsPlan(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		modelstest.Order(t, db, m.ID, 900)
		modelstest.Order(t, db, m.ID, 901)
		e, _ := s.endpoint(t, m.ID, "https://one.example/hooks")
		foreign, _ := s.endpoint(t, other.ID, "https://two.example/hooks")
		owner, stranger, agent := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleMerchant, other.ID), s.signIn(t, models.RoleSupport, "")

		plan := owner.get(views.ReplaysPath+"/new").want(t, http.StatusOK)
		uitest.Check(t, plan.Document)
		if counts := plan.texts("[data-testid=replay-counts] li"); len(counts) != 1 || counts[0] != "Order created: 2" {
			t.Errorf("the plan counts %q", counts)
		}
		if failed := owner.get(views.ReplaysPath+"/new?kind=failed", htmx...).want(t, http.StatusOK); failed.Find("[data-testid=replay-nothing]").Length() != 1 || failed.Find("form[method=post]").Length() != 0 {
			t.Errorf("nothing has failed, and the plan says %s", failed.body)
		}
		for _, query := range []string{"endpoint=" + foreign.ID, "endpoint=" + models.NewID(models.PrefixEndpoint)} {
			owner.get(views.ReplaysPath+"/new?"+query).want(t, http.StatusNotFound)
		}
		for _, name := range []string{"since", "until"} {
			page := owner.get(views.ReplaysPath+"/new?"+name+"=garbage").want(t, http.StatusOK)
			if said := page.Find("#field-" + name + "-error").Text(); !strings.Contains(said, "date and a time") || page.Find("#replay-start form").Length() != 0 {
				t.Errorf("%s=garbage says %q, and offers %d forms", name, said, page.Find("#replay-start form").Length())
			}
		}
		if label := s.signIn(t, models.RoleAdmin, "").get(views.ReplaysPath + "/new").Find("#field-endpoint option").First().Text(); !strings.HasSuffix(label, " · "+other.Name) {
			t.Errorf("an administrator chooses from %q", label)
		}
		if late := owner.get(views.ReplaysPath + "/new?since=2099-01-01T00:00"); !strings.Contains(late.Find("#replay-start").Text(), "must be before the end") {
			t.Errorf("a start in the future is told as %s", late.Find("#replay-start").Text())
		}

		in := url.Values{"endpoint": {e.ID}, "kind": {"missed"}, "per_minute": {"600"}, "reason": {"the shop was down"}, "_key": {formKey(t, plan)}}
		with := func(name, value string) url.Values {
			changed := maps.Clone(in)
			changed.Set(name, value)
			changed.Del(csrfField)
			changed.Set("_key", newFormKey())
			return changed
		}
		for name, value := range map[string]string{"reason": "", "per_minute": "many"} {
			if a := owner.post(views.ReplaysPath, with(name, value)).want(t, http.StatusUnprocessableEntity); a.Find("#field-"+name+"-error").Length() != 1 {
				t.Errorf("%s: %v", name, a.texts(".field-error"))
			}
		}
		owner.post(views.ReplaysPath, with("endpoint", foreign.ID)).want(t, http.StatusNotFound)
		page := owner.post(views.ReplaysPath, in).want(t, http.StatusSeeOther).header.Get(fiber.HeaderLocation)
		if twice := owner.post(views.ReplaysPath, in).want(t, http.StatusSeeOther).header.Get(fiber.HeaderLocation); twice != page {
			t.Errorf("the same form once more leads to %s, not %s", twice, page)
		}
		if again := agent.post(views.ReplaysPath, with("reason", "once more")).want(t, http.StatusUnprocessableEntity); !strings.Contains(again.body, "has a replay already") {
			t.Errorf("a second one: %v", again.texts(".alert"))
		}
		stranger.get(page).want(t, http.StatusNotFound)
		stranger.post(page+"/pause", nil).want(t, http.StatusNotFound)
		if rows := stranger.get(views.ReplaysPath).texts("#replay-table .row-link"); len(rows) != 0 {
			t.Errorf("a stranger sees %v", rows)
		}

		paused := owner.post(page+"/pause", nil, htmx...).want(t, http.StatusOK)
		if paused.Find(`form[action$="/resume"]`).Length() != 1 || paused.Find("#replay-progress").Length() != 1 {
			t.Error("a paused one cannot be resumed")
		}
		agent.post(page+"/pause", nil, htmx...).want(t, http.StatusConflict)
		agent.post(page+"/resume", nil).want(t, http.StatusSeeOther)
		if _, err := s.notify.WorkReplay(t.Context(), page[strings.LastIndex(page, "/")+1:]); err != nil {
			t.Fatal(err)
		}
		shows := owner.get(page).want(t, http.StatusOK)
		uitest.Check(t, shows.Document)
		if rows := shows.texts("#replay-items .row-link"); len(rows) != 2 || rows[0] != "Order created" {
			t.Errorf("sent are %q", rows)
		}
		for _, who := range []*browser{owner, agent} {
			if list := who.get(views.ReplaysPath).want(t, http.StatusOK).texts("#replay-table .row-link"); len(list) != 1 || list[0] != "the shop was down" {
				t.Errorf("list %v", list)
			}
		}
		if s.signIn(t, models.RoleAdmin, "").get("/audit?action=replay.start").Find(`a[href="`+page+`"]`).Length() != 1 {
			t.Error("the audit log does not lead to it")
		}
	})
}

// Who may enable an endpoint does so by a replay; support is told whom to ask.
func TestReplayOfADisabledEndpoint(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		modelstest.Order(t, db, m.ID, 900)
		e, _ := s.endpoint(t, m.ID, "https://one.example/hooks")
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DisableEndpoint(e, models.EndpointFailing) })
		path := views.ReplaysPath + "/new?endpoint=" + e.ID
		told := s.signIn(t, models.RoleSupport, "").get(path).want(t, http.StatusOK).Find("#replay-start")
		if !strings.Contains(told.Text(), "must enable it first") || told.Find("form").Length() != 0 {
			t.Errorf("support is told %s", told.Text())
		}
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		plan := owner.get(path).want(t, http.StatusOK)
		in := url.Values{"endpoint": {e.ID}, "kind": {"missed"}, "per_minute": {"600"}, "reason": {"it is back"}, "_key": {formKey(t, plan)}}
		owner.post(views.ReplaysPath, in).want(t, http.StatusSeeOther)
		if got := endpoints(t, db, m.ID)[0]; got.DisabledAt != nil || got.FailingSince != nil {
			t.Errorf("the endpoint is still disabled: %+v", got)
		}
		if acts := actions(t, db, e.ID); len(acts) != 2 || acts[0] != "endpoint.enable" || acts[1] != "endpoint.disable" {
			t.Errorf("the audit log has %v", acts)
		}
	})
}

// What an endpoint missed while it was disabled is found however it was, before it
// is enabled and after.
func TestReplayFindsWhatADisabledEndpointMissed(t *testing.T) {
	t.Parallel()
	for name, disable := range map[string]func(t *testing.T, s *site, e *models.Endpoint, pass func(time.Duration)){
		"gone": func(t *testing.T, s *site, e *models.Endpoint, _ func(time.Duration)) {
			modelstest.Write(t, s.db, func(tx *models.Tx) error { return tx.DisableEndpoint(e, models.EndpointGone) })
		},
		"failing": func(t *testing.T, s *site, e *models.Endpoint, pass func(time.Duration)) {
			modelstest.Order(t, s.db, e.MerchantID, 900)
			attempted(t, s.db, e.ID, models.DeliveryExhausted, models.DeliveryAttempt{Status: 500})
			pass(5 * 24 * time.Hour)
			modelstest.Write(t, s.db, func(tx *models.Tx) error { return tx.DisableEndpoint(e, models.EndpointFailing) })
		},
		"by hand": func(t *testing.T, s *site, e *models.Endpoint, _ func(time.Duration)) {
			s.signIn(t, models.RoleMerchant, e.MerchantID).post("/endpoints/"+e.ID+"/disable", nil).want(t, http.StatusSeeOther)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				now := db.Now()
				db.Now = func() time.Time { return now }
				pass := func(d time.Duration) { now = now.Add(d) }
				s := newSite(t, db)
				m := modelstest.Merchant(t, db)
				e, _ := s.endpoint(t, m.ID, "https://one.example/hooks")
				want := "Order created: 1"
				if name == "failing" {
					want = "Order created: 2"
				}
				disable(t, s, e, pass)
				modelstest.Order(t, db, m.ID, 901)
				pass(3 * 24 * time.Hour)
				owner := s.signIn(t, models.RoleMerchant, m.ID)
				finds := func(where, href string) {
					t.Helper()
					if href == "" {
						t.Errorf("%s leads nowhere", where)
						return
					}
					if counts := owner.get(href).want(t, http.StatusOK).texts("[data-testid=replay-counts] li"); len(counts) != 1 || counts[0] != want {
						t.Errorf("%s leads to %s, which finds %q, want %q", where, href, counts, want)
					}
				}
				const link = `a[href^="/replays/new"]`
				path := "/endpoints/" + e.ID
				finds("the page of a disabled one", owner.get(path).Find("#endpoint-detail .alert "+link).AttrOr("href", ""))
				enabled := owner.post(path+"/enable", nil, htmx...).want(t, http.StatusOK)
				finds("what tells that it is enabled", enabled.Find(".toast-item "+link).AttrOr("href", ""))
				finds("the page of an enabled one", owner.get(path).Find("#endpoint-detail "+link).AttrOr("href", ""))
				if all := owner.get(views.ReplaysPath + "/new?kind=all&endpoint=" + e.ID); all.Find("[data-testid=replay-nothing]").Length() != 1 {
					t.Errorf("all of the last day is %q", all.texts("[data-testid=replay-counts] li"))
				}
				plan := owner.get(views.ReplaysPath + "/new?kind=missed&endpoint=" + e.ID)
				if got := plan.Find("input[name=since]").First().AttrOr("value", ""); got != "" {
					t.Errorf("what nobody chose stands in the form, for whatever is chosen next: since %q", got)
				}
				if sent := plan.Find("form[method=post] input[name=since]").AttrOr("value", ""); sent == "" || plan.Find("[data-testid=replay-since]").Length() != 1 {
					t.Errorf("what is started is since %q", sent)
				}
				finds("the list of replays", owner.get(views.ReplaysPath).Find(link).AttrOr("href", ""))
			})
		})
	}
}

// Who plans for a merchant's endpoint chooses among that merchant's.
func TestReplayPlanOffersEndpointsOfOneMerchant(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		old, _ := s.endpoint(t, m.ID, "https://old.example/hooks")
		s.endpoint(t, m.ID, "https://new.example/hooks")
		s.endpoint(t, other.ID, "https://foreign.example/hooks")
		modelstest.Order(t, db, m.ID, 900)
		admin := s.signIn(t, models.RoleAdmin, "")
		for _, headers := range [][]string{nil, htmx} {
			plan := admin.get(views.ReplaysPath+"/new?kind=all&endpoint="+old.ID, headers...).want(t, http.StatusOK)
			if to := plan.texts("[data-testid=replay-to]"); len(to) != 1 || to[0] != "To old.example/hooks · "+m.Name {
				t.Errorf("the preview says %q", to)
			}
		}
		plan := admin.get(views.ReplaysPath + "/new?endpoint=" + old.ID)
		uitest.Check(t, plan.Document)
		want := []string{"new.example/hooks · " + m.Name, "old.example/hooks · " + m.Name}
		if diff := cmp.Diff(want, plan.texts("#field-endpoint option")); diff != "" {
			t.Errorf("the choice (-want +got):\n%s", diff)
		}
		if chosen := plan.Find("#field-endpoint option[selected]"); chosen.AttrOr("value", "") != old.ID {
			t.Errorf("chosen is %q", chosen.Text())
		}
		whose := admin.get(views.ReplaysPath+"?merchant="+m.Ref).Find(`a[href^="/replays/new"]`).AttrOr("href", "")
		if offered := admin.get(whose).texts("#field-endpoint option"); !cmp.Equal(offered, want) {
			t.Errorf("from the list of the merchant, %s offers %q", whose, offered)
		}
	})
}
