package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

func TestTrackingForm(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, admin := modelstest.Merchant(t, db), s.signIn(t, models.RoleAdmin, "")
		path := "/merchants/" + m.ID + "/tracking"
		page := admin.get(path).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		form := page.filledIn()
		if form.Get("page") != "on" || form.Has("mails") || !strings.Contains(page.body, "TILLPOST_SMTP_URL") {
			t.Errorf("the form shows %v", form)
		}
		form.Del("page")
		form["mails"] = []string{models.MailDelivered, models.MailShipped, "weather"}
		form.Set("language", "ms")
		form.Set("reply_to", "not an address")
		refused := admin.post(path, form).want(t, http.StatusUnprocessableEntity)
		if refused.Find("#field-reply_to[aria-invalid]").Length() != 1 || refused.Find("#mail-delivered[checked]").Length() != 1 {
			t.Errorf("the form does not say what is wrong: %s", refused.Find("form").Text())
		}
		form.Set("reply_to", "help@teh.example")
		form.Set("sender_name", "Kedai Kopi")
		form.Set("support_address", "https://teh.example/help")
		admin.post(path, form).want(t, http.StatusSeeOther)
		got, err := db.TrackingSettings(t.Context(), m.ID)
		got.UpdatedAt = time.Time{}
		want := models.TrackingSettings{
			MerchantID: m.ID, Mails: []string{models.MailShipped, models.MailDelivered}, SenderName: "Kedai Kopi", ReplyTo: "help@teh.example",
			SupportAddress: "https://teh.example/help", Language: "ms", UpdatedBy: admin.user.Email,
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{Action: "tracking.update"}, models.Page{})
		if err != nil || len(entries) != 1 || entries[0].Detail["page"] != "off" || entries[0].Detail["mails"] != "shipped, delivered" {
			t.Errorf("audit %+v, %v", entries, err)
		}
		preview := admin.get("/merchants/"+m.ID+"/mails?language=zh-Hans").want(t, http.StatusOK)
		uitest.Check(t, preview.Document)
		if n := preview.Find("[id^=mail-][id$=-title]").Length(); n != len(models.MailKinds) || !strings.Contains(preview.body, "Kedai Kopi：您的订单 1001 已发出") {
			t.Errorf("%d mails: %s", n, preview.Find("main").Text())
		}
		uitest.Check(t, admin.get("/merchants/"+m.ID).want(t, http.StatusOK).Document)
	})
}
