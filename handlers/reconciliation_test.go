package handlers

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/settlement"
	"github.com/tillpost/tillpost/views"
)

const settlementHeader = "type,provider_reference,amount,currency,occurred_at\n"

// settled reads a file whose one line matches nothing and returns its id.
func settled(t *testing.T, db *models.DB, account *models.GatewayAccount, reference string) string {
	t.Helper()
	r, err := settlement.Import(t.Context(), db, account,
		strings.NewReader(settlementHeader+"charge,"+reference+",42.42,EUR,2026-11-02T10:00:00Z\n"),
		settlement.Options{Name: "file.csv", Format: settlement.FormatCSV, Actor: modelstest.Actor()})
	if err != nil {
		t.Fatal(err)
	}
	return r.FileID
}

// upload sends a form with a file.
func (b *browser) upload(account, format, text string, fields ...string) answer {
	b.t.Helper()
	return b.do(b.uploadRequest(account, format, text, fields...))
}

func (b *browser) uploadRequest(account, format, text string, fields ...string) *http.Request {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	all := append([]string{"account", account, "format", format, csrfField, b.csrf}, fields...)
	for i := 0; i+1 < len(all); i += 2 {
		if err := form.WriteField(all[i], all[i+1]); err != nil {
			b.t.Fatal(err)
		}
	}
	if text != "" {
		part, err := form.CreateFormFile("file", "november.csv")
		if err == nil {
			_, err = io.WriteString(part, text)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, views.ReconciliationPath, &body)
	r.Header.Set(fiber.HeaderContentType, form.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: cookieName("tillpost_session", false), Value: b.cookie})
	return r
}

func TestReconciliation(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		account := modelstest.Gateway(t, db, m.ID)
		support, owner := s.signIn(t, models.RoleSupport, ""), s.signIn(t, models.RoleMerchant, m.ID)
		if form := support.get(views.ReconciliationPath+"/new").want(t, http.StatusOK); form.Find("form[enctype] input[type=file]").Length() != 1 {
			t.Error("the form takes no file")
		}
		for name, a := range map[string]struct {
			answer answer
			field  string
		}{
			"no file":         {support.upload(account.ID, "csv", ""), "file"},
			"another format":  {support.upload(account.ID, "stripe", settlementHeader), "file"},
			"unknown account": {support.upload(models.NewID(models.PrefixGatewayAccount), "csv", settlementHeader), "account"},
			"no format":       {support.upload(account.ID, "xls", settlementHeader), "format"},
		} {
			if a.answer.status != http.StatusUnprocessableEntity || a.answer.Find("#field-"+a.field+"-error").Length() != 1 {
				t.Errorf("%s is answered with %d, errors %v", name, a.answer.status, a.answer.texts(".field-error"))
			}
		}
		support.upload(account.ID, "csv", settlementHeader, csrfField, "").want(t, http.StatusSeeOther) // the first token counts
		owner.upload(account.ID, "csv", settlementHeader).want(t, http.StatusForbidden)
		forged := &browser{site: s, t: t, cookie: support.cookie, csrf: "wrong"}
		forged.upload(account.ID, "csv", settlementHeader).want(t, http.StatusForbidden)
		text := settlementHeader
		for i := range 120 {
			text += fmt.Sprintf("charge,=ch_%d,1.50,EUR,2026-11-02T10:00:00Z\n", i)
		}
		text += "refund,re_1,-2.00,EUR,2026-11-03T10:00:00Z\npayout,po_1,-9.00,EUR,2026-11-03T10:00:00Z\ngift,x,1,EUR,2026-11-03\n"
		made := support.upload(account.ID, "csv", text).want(t, http.StatusSeeOther)
		page := made.header.Get(fiber.HeaderLocation)
		if again := support.upload(account.ID, "csv", text); again.header.Get(fiber.HeaderLocation) != page {
			t.Errorf("the same file again leads to %q, not %q", again.header.Get(fiber.HeaderLocation), page)
		}
		for _, who := range []*browser{support, owner} {
			showsSettlement(t, who, page)
		}
		if entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{Action: "settlement.import"}, models.Page{}); err != nil || len(entries) != 2 {
			t.Errorf("%d audit entries, %v", len(entries), err)
		}
	})
}

func showsSettlement(t *testing.T, who *browser, page string) {
	t.Helper()
	if list := who.get(views.ReconciliationPath).want(t, http.StatusOK); !slices.Contains(list.texts("#settlement-table a"), "november.csv") {
		t.Errorf("%s sees the files %v", who.user.Role, list.texts("#settlement-table a"))
	}
	a := who.get(page).want(t, http.StatusOK)
	if n := a.Find("#difference-table tbody tr").Length(); n != listRows {
		t.Errorf("%d rows, want %d", n, listRows)
	}
	if told := strings.Contains(a.Find("#settlement-facts").Text(), "support"); told != (who.user.Role == models.RoleSupport) {
		t.Errorf("%s is told who of the staff brought it: %t", who.user.Role, told)
	}
	if got := a.texts("#settlement-sums tbody tr"); len(got) != 3 || !strings.Contains(got[0], "€180.00") {
		t.Errorf("sums %v", got)
	}
	next, _ := a.Find("#difference-table a[rel=next]").Attr("href")
	rest := 0
	for next != "" {
		more := who.get(next, htmx...).want(t, http.StatusOK)
		rest += more.Find("#difference-table tbody tr").Length()
		next, _ = more.Find("#difference-table a[rel=next]").Attr("href")
	}
	if listRows+rest != 121 {
		t.Errorf("%d rows on all pages", listRows+rest)
	}
	if refunds := who.get(page + "?difference=missing_here&kind=refund").texts("#difference-table tbody tr"); len(refunds) != 1 {
		t.Errorf("refunds that are missing: %v", refunds)
	}
	if none := who.get(page + "?difference=duplicate"); none.Find("#difference-table .empty").Length() != 1 {
		t.Error("no duplicates are shown as something")
	}
	export := who.get(page+"/export?kind=charge").want(t, http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(export.body)).ReadAll()
	if err != nil || len(rows) != 121 || rows[1][3] != "'=ch_0" || rows[1][8] != "1.50" {
		t.Errorf("%d rows are exported, %v: %v", len(rows), err, rows[:min(2, len(rows))])
	}
}

// Staff may bring files that are larger than other requests; nobody else may.
func TestUploadLimit(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newSite(t, db)
	m := modelstest.Merchant(t, db)
	account := modelstest.Gateway(t, db, m.ID)
	large := strings.Repeat("no settlement file\n", 2*maxBody/19)
	if a := s.signIn(t, models.RoleAdmin, "").upload(account.ID, "csv", large).want(t, http.StatusUnprocessableEntity); a.Find("#field-file-error").Length() != 1 {
		t.Error("an admin's file is not read")
	}
	for name, who := range map[string]*browser{"a merchant": s.signIn(t, models.RoleMerchant, m.ID), "a stranger": {site: s, t: t, cookie: "none"}} {
		// The answer of 413 is the server's; app.Test hands on why it is one.
		if _, err := s.app.Test(who.uploadRequest(account.ID, "csv", large), -1); err == nil || !strings.Contains(err.Error(), "exceeds the given limit") {
			t.Errorf("the file of %s: %v", name, err)
		}
	}
}

// What is asked for over the same connection after an export is answered,
// however much later.
func TestExportLeavesNoDeadlineBehind(t *testing.T) {
	t.Parallel()
	n := newNode(t, modelstest.SQLite(t))
	m := modelstest.Merchant(t, n.db)
	cookie, _ := n.session(t, models.RoleMerchant, m.ID)
	page := views.ReconciliationPath + "/" + settled(t, n.db, modelstest.Gateway(t, n.db, m.ID), "ch_1")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+page+"/export", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(cookie)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(text), "ch_1") {
		t.Fatalf("%v: %s", err, text)
	}
	if set, left := n.watched.deadlines(); set == 0 || left > 0 {
		t.Errorf("%d deadlines were set, %d are left", set, left)
	}
}

func TestExportedTextIsNoFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "ch_1": "ch_1", "a-b": "a-b", "=1+1": "'=1+1", "-2": "'-2", "@x": "'@x", "＝1": "'＝1", "\t=1": "'\t'=1",
		"ch_1;=1+1": "ch_1;'=1+1", "a\n+1": "a\n'+1", "编号=1": "编号=1",
	} {
		if got := harmless(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestPageOfDifferencesNeedsFewQueries(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newSite(t, db)
	m := modelstest.Merchant(t, db)
	page := views.ReconciliationPath + "/" + settled(t, db, modelstest.Gateway(t, db, m.ID), "ch_1")
	support := s.signIn(t, models.RoleSupport, "")
	for _, path := range []string{page, views.ReconciliationPath} {
		before := s.queries.Load()
		support.get(path).want(t, http.StatusOK)
		if n := s.queries.Load() - before; n > 10 {
			t.Errorf("%s takes %d queries", path, n)
		}
	}
}
