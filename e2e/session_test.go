package e2e

import "testing"

// TestPagesOfAnEndedSessionLeadToTheLogin opens a page and ends its session
// elsewhere: the page must not go on as if it were fed.
func TestPagesOfAnEndedSessionLeadToTheLogin(t *testing.T) {
	b := newTab(t)
	b.signIn("support")
	b.visit("/orders?status=open")
	b.until(`document.querySelector("[data-state=live]") !== null`)
	eval[int](b, `fetch("/logout", {method: "POST", headers: {"X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content}}).then(r => r.status)`)
	b.until(`location.pathname === "/login"`)
	if next := eval[string](b, `new URLSearchParams(location.search).get("next")`); next != "/orders?status=open" {
		t.Errorf("after the login the way leads to %q", next)
	}
}
