package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"
	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// hidden are the fields of the page's form that sends many parcels.
func hidden(a answer) url.Values {
	form := url.Values{}
	a.Find("main form input[name]").Each(func(_ int, s *goquery.Selection) {
		form.Set(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	return form
}

func TestPasteParcels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		courier(t, db, m.ID)
		courier(t, db, other.ID)
		o, foreign := modelstest.Order(t, db, m.ID, 900), modelstest.Order(t, db, other.ID, 900)
		owner, agent := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleSupport, "")
		uitest.Check(t, owner.get("/shipments/bulk").want(t, http.StatusOK).Document)
		text := fmt.Sprintf("%s\t1Z5R89390357567127\n%s\tSBX-1111\n%s\t05308801410058\nnonsense line\n%s,RR123456784DE\n", o.Number, foreign.Number, o.Number, o.Number)

		preview := owner.post("/shipments/bulk/preview", url.Values{"text": {text}}).want(t, http.StatusOK)
		uitest.Check(t, preview.Document)
		got := preview.texts("[data-testid=pasted-line] td:last-child")
		want := []string{
			"Will be added", "This order does not exist.", "The number does not tell the carrier. Choose it.", "Say which order it belongs to.",
			"The check digit of this number is wrong: look at the number again. If it is right, choose the carrier.",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("preview (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, preview.texts(`[data-testid=pasted-line] td .sm\:hidden`)); diff != "" {
			t.Errorf("preview on a phone (-want +got):\n%s", diff)
		}
		if n := len(shipmentsOf(t, db, m.ID)); n != 0 {
			t.Fatalf("the preview added %d", n)
		}
		form := hidden(preview)
		form.Set("carrier.3", "dpd")
		for i, want := range []string{"2 parcels were added", "0 parcels were added"} {
			done := owner.post("/shipments/bulk", form).want(t, http.StatusOK)
			if got := done.Find("[data-testid=pasted]").Text(); !strings.Contains(got, want) {
				t.Errorf("sent %d times: %q", i+1, got)
			}
			uitest.Check(t, done.Document)
		}
		if got := shipmentsOf(t, db, m.ID); len(got) != 2 || len(shipmentsOf(t, db, other.ID)) != 0 {
			t.Errorf("stored %v", got)
		}

		agent.post("/shipments/bulk/preview", url.Values{"text": {"N12345"}}).want(t, http.StatusUnprocessableEntity)
		chosen := agent.post("/shipments/bulk/preview", url.Values{"text": {"SBX-9999"}, "merchant": {other.Ref}, "order": {foreign.Number}}).want(t, http.StatusOK)
		if got := chosen.texts("[data-testid=pasted-line] td:last-child"); !cmp.Equal(got, []string{"Will be added"}) {
			t.Errorf("staff for a merchant: %q", got)
		}
		owner.post("/shipments/bulk", url.Values{"text": {strings.Repeat("N12345\n", 501)}}).want(t, http.StatusUnprocessableEntity)
		owner.post("/shipments/bulk", url.Values{"text": {strings.Repeat("N12345\n", maxPaste/7+1)}}).want(t, http.StatusRequestEntityTooLarge)
	})
}

func shipmentsOf(t *testing.T, db *models.DB, merchantID string) []string {
	t.Helper()
	found, _, err := db.Shipments(t.Context(), models.MerchantScope(merchantID), models.ShipmentFilter{}, models.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]string, len(found))
	for i := range found {
		numbers[i] = found[i].TrackingNumber
	}
	return numbers
}

func TestUploadParcels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		courier(t, db, m.ID)
		o := modelstest.Order(t, db, m.ID, 900)
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		table := fmt.Sprintf("order_number,tracking_number,carrier,items\n%s,SBX-1111,sandbox,TEA-1 x 1\n", o.Number)
		preview := owner.uploadLines("/shipments/bulk/preview", table, "").want(t, http.StatusOK)
		owner.post("/shipments/bulk", hidden(preview)).want(t, http.StatusOK)
		found, _, err := db.Shipments(t.Context(), models.MerchantScope(m.ID), models.ShipmentFilter{}, models.Page{})
		if err != nil || len(found) != 1 || !cmp.Equal(found[0].Items, []models.ShipmentItem{{SKU: "TEA-1", Quantity: 1}}) {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// uploadLines sends a file of lines, perhaps with a text beside it.
func (b *browser) uploadLines(path, file, text string) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "parcels.csv")
	if err == nil {
		_, err = io.WriteString(part, file)
	}
	if err = errors.Join(err, form.WriteField(csrfField, b.csrf), form.WriteField("text", text), form.Close()); err != nil {
		b.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set(fiber.HeaderContentType, form.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: cookieName("tillpost_session", false), Value: b.cookie})
	return b.do(r)
}

// Whatever is chosen as a file, the page says what is wrong with it, in UTF-8.
func TestUploadOfOtherFiles(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		courier(t, db, m.ID)
		o := modelstest.Order(t, db, m.ID, 900)
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		tables := func(encoding string) string {
			table := "order_number\ttracking_number\tname\r\n" + o.Number + "\tSBX-1111\tMüller\r\n"
			utf16 := map[string]unicode.Endianness{"little": unicode.LittleEndian, "big": unicode.BigEndian}
			if encoding == "latin" {
				return strings.ReplaceAll(table, "ü", "\xFC")
			}
			encoded, err := unicode.UTF16(utf16[encoding], unicode.UseBOM).NewEncoder().String(table)
			if err != nil {
				t.Fatal(err)
			}
			return encoded
		}
		for name, test := range map[string]struct{ file, text, want string }{
			"spreadsheet":    {"PK\x03\x04\x14\x00\xFF\xFE", "", "This is no CSV file."},
			"old one":        {"\xD0\xCF\x11\xE0\xA1\xB1", "", "This is no CSV file."},
			"picture":        {"\x89PNG\x00\xFF", "", "This is no CSV file."},
			"empty":          {" \r\n", "", "The file is empty."},
			"only a header":  {"order_number,tracking_number\n", "", "There are only column names"},
			"latin 1":        {tables("latin"), "", "not in UTF-8"},
			"text beside it": {"SBX-1111\n", "SBX-2222", "Leave one of them out."},
		} {
			refused := owner.uploadLines("/shipments/bulk/preview", test.file, test.text).want(t, http.StatusUnprocessableEntity)
			if got := refused.texts("main .field-error"); len(got) != 1 || !strings.Contains(got[0], test.want) {
				t.Errorf("%s: %q", name, got)
			}
			if !utf8.ValidString(refused.body) {
				t.Errorf("%s: the page is not UTF-8", name)
			}
			uitest.Check(t, refused.Document)
		}
		for _, encoding := range []string{"little", "big"} {
			preview := owner.uploadLines("/shipments/bulk/preview", tables(encoding), "").want(t, http.StatusOK)
			if got := preview.texts("[data-testid=outcome]"); !cmp.Equal(got, []string{"Will be added"}) {
				t.Errorf("%s endian: %q", encoding, got)
			}
		}
		bad := owner.post("/shipments/bulk/preview", url.Values{"text": {"SBX-1\xFF\xFE11"}})
		if !utf8.ValidString(bad.body) {
			t.Error("a pasted text is not told in UTF-8")
		}
		none := owner.post("/shipments/bulk/preview", url.Values{"text": {"NONE,SBX-1111"}}).want(t, http.StatusOK)
		if strings.Contains(none.Find("main").Text(), "Add 0") {
			t.Error("to add nothing is offered")
		}
	})
}

// Five hundred parcels of many orders go in at once.
func TestPasteFiveHundred(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		courier(t, db, m.ID)
		var text strings.Builder
		for i := range 500 {
			if i%50 == 0 {
				modelstest.Order(t, db, m.ID, 900)
			}
		}
		orders, _, err := db.Orders(t.Context(), models.MerchantScope(m.ID), models.OrderFilter{}, models.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			fmt.Fprintf(&text, "%s\tSBX-%06d\n", orders[i%len(orders)].Number, i)
		}
		owner := s.signIn(t, models.RoleMerchant, m.ID)
		form := hidden(owner.post("/shipments/bulk/preview", url.Values{"text": {text.String()}}).want(t, http.StatusOK))
		if size := len(form.Encode()); size > maxPaste/2 {
			t.Errorf("the form has %d bytes", size)
		}
		done := owner.post("/shipments/bulk", form).want(t, http.StatusOK)
		if got := done.Find("[data-testid=pasted]").Text(); !strings.Contains(got, "500 parcels were added") {
			t.Errorf("%q", got)
		}
	})
}

func TestNewParcel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		courier(t, db, m.ID)
		courier(t, db, other.ID)
		var o *models.Order
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			o, err = tx.CreateOrder(models.Order{MerchantID: m.ID, Number: "A1", Currency: "EUR", Amount: 900, PlacedAt: tx.Now()}, []models.OrderItem{
				{SKU: "TEA-1", Name: "Tea", Quantity: 3, Amount: 600}, {SKU: "CUP", Name: "Cup", Quantity: 1, Amount: 300},
			})
			return err
		})
		foreign := modelstest.Order(t, db, other.ID, 900)
		owner, agent := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleSupport, "")
		owner.get("/shipments/new?order="+foreign.ID).want(t, http.StatusNotFound)
		path := "/shipments/new?order=" + o.ID
		uitest.Check(t, owner.get(path).want(t, http.StatusOK).Document)
		empty := owner.post("/shipments", owner.fill("/shipments/new")).want(t, http.StatusUnprocessableEntity)
		if got := empty.texts(".field-error"); !cmp.Equal(got, []string{"Enter a value.", "Enter a value."}) {
			t.Errorf("of two empty fields marked are %q", got)
		}
		form := owner.fill(path, "order_number", "A1", "tracking_number", "sbx-1001", "quantity.TEA-1", "2", "quantity.CUP", "0", "promised", "2026-03-05")
		var first string
		for i := range 2 { // sent twice it adds one
			made := owner.post("/shipments", form).want(t, http.StatusSeeOther).header.Get(fiber.HeaderLocation)
			if i > 0 && made != first {
				t.Errorf("the second time leads to %s", made)
			}
			first = made
		}
		sh := reload(t, db, strings.TrimPrefix(first, "/shipments/"))
		if sh.Carrier != "sandbox" || !cmp.Equal(sh.Items, []models.ShipmentItem{{SKU: "TEA-1", Quantity: 2}}) || sh.PromisedAt == nil || sh.MerchantID != m.ID {
			t.Errorf("%+v", sh)
		}
		next := owner.get(path)
		if got := next.Find(`input[name="quantity.TEA-1"]`).AttrOr("value", ""); got != "1" {
			t.Errorf("the next parcel begins with %s of the tea", got)
		}
		if got := owner.get("/orders/" + o.ID).texts("[data-testid=contents]"); !cmp.Equal(got, []string{"2 × Tea"}) {
			t.Errorf("the order's page shows %q", got)
		}
		unclear := owner.post("/shipments", owner.fill(path, "order_number", "A1", "tracking_number", "05308801410058")).want(t, http.StatusUnprocessableEntity)
		if got := unclear.texts(".field-error"); !cmp.Equal(got, []string{"The number does not tell the carrier. Choose it."}) {
			t.Errorf("an unclear number is told as %q", got)
		}
		owner.post("/shipments", owner.fill(path, "order_number", "A1", "tracking_number", "SBX-2", "quantity.TEA-1", "9")).want(t, http.StatusUnprocessableEntity)
		owner.post("/shipments", owner.fill(path, "order_number", foreign.Number, "tracking_number", "SBX-2222", "merchant", other.Ref)).want(t, http.StatusUnprocessableEntity)
		back := agent.post("/shipments", agent.fill(path+"&direction=return", "merchant", m.Ref, "order_number", "A1", "tracking_number", "SBX-3333", "direction", "return")).
			want(t, http.StatusSeeOther).header.Get(fiber.HeaderLocation)
		if got := reload(t, db, strings.TrimPrefix(back, "/shipments/")); got.ReturnOf == nil || *got.ReturnOf != sh.ID {
			t.Errorf("the return sends back %v", got.ReturnOf)
		}
		agent.post("/shipments", agent.fill("/shipments/new", "order_number", "A1", "tracking_number", "SBX-4444")).want(t, http.StatusUnprocessableEntity)
	})
}
