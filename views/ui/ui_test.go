package ui

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/static"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// text is a component of plain text, for children.
func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(s))
		return err
	})
}

// around puts children into a component.
func around(parent templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parent.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

func render(t *testing.T, language locales.Language, component templ.Component) *goquery.Document {
	t.Helper()
	var html strings.Builder
	ctx := locales.NewContext(t.Context(), locales.For(language))
	if err := component.Render(ctx, &html); err != nil {
		t.Fatal(err)
	}
	page := html.String()
	if strings.Contains(page, "<td") && !strings.Contains(page, "<table") || strings.HasPrefix(page, "<th") {
		page = "<table><tbody><tr>" + page + "</tr></tbody></table>" // the parser drops cells without one
	}
	document, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// components are all of them, with every prop that adds markup.
func components() map[string]templ.Component {
	options := []Option{{Value: "a", Label: "First"}, {Value: "b", Label: "Second"}}
	when := Time(TimeProps{At: time.Unix(0, 0), Text: "long ago", Title: "1970"})
	field := FieldProps{Name: "name", Label: "Name", Hint: "As on the card.", Error: "Enter a value.", Placeholder: "Ada"}
	return map[string]templ.Component{
		"button":         Button(ButtonProps{Label: "Save", Icon: "check", Submit: true, Name: "act", Value: "save", Variant: ButtonPrimary}),
		"icon button":    Button(ButtonProps{Label: "Refresh", Icon: "refresh-cw", IconOnly: true, Variant: ButtonGhost}),
		"link button":    LinkButton(LinkButtonProps{Label: "Retry", Href: "/retry", Icon: "rotate-ccw", Dialog: true}),
		"icon link":      LinkButton(LinkButtonProps{Label: "Edit", Href: "/edit", Icon: "pencil", IconOnly: true}),
		"code":           Code(CodeProps{Value: "pay_1", What: "payment id"}),
		"badge":          Badge(BadgeProps{Text: "Paid", Tone: Success}),
		"avatar":         Avatar(AvatarProps{Name: "Ada Lim"}),
		"card":           around(Card(CardProps{ID: "c", Title: "Card", Note: "3", Actions: LinkButton(LinkButtonProps{Label: "All", Href: "/"})}), text("body")),
		"kpi":            KPI(KPIProps{Label: "Orders", Value: "184", Icon: "shopping-bag", Tone: Info, Delta: "+3%", Trend: Success, Note: "vs last week", Href: "/orders"}),
		"page header":    around(PageHeader(PageHeaderProps{Title: "Order", Subtitle: "of Ada", BackHref: "/orders", BackLabel: "Orders", Badges: Badge(BadgeProps{Text: "Open"})}), text("")),
		"table":          table(),
		"pagination":     Pagination(PaginationProps{FirstHref: "/o", PrevHref: "/o?b=1", NextHref: "/o?a=1", Target: "#list", Note: "1 to 50"}),
		"filters":        around(FilterForm(FilterFormProps{Action: "/orders", Target: "#list", Label: "Filter orders", Hidden: []HiddenField{{"sort", "date"}}}), SearchInput(SearchInputProps{Label: "Order"}), FilterSelect(FilterSelectProps{Name: "s", Label: "Status", Options: options, Value: "a"}), DateRange(DateRangeProps{Label: "Created", FromName: "from", ToName: "to"})),
		"list bar":       around(ListBar(ListBarProps{Count: "3 orders", FormID: "bulk"}), NewPill(NewPillProps{ID: "new", Topic: "order", CountURL: "/new", ListURL: "/orders", Target: "#list", Count: 3})),
		"field":          Field(field),
		"text field":     TextField(FieldProps{Name: "note", Label: "Note"}, 3),
		"select field":   SelectField(FieldProps{Name: "kind", Label: "Kind", Required: true}, options),
		"select any":     SelectField(FieldProps{Name: "any", Label: "Any", Required: true}, append([]Option{{Label: "By the number"}}, options...)),
		"select prompt":  SelectField(FieldProps{Name: "ask", Label: "Ask", Required: true}, append([]Option{{Prompt: true, Label: "Choose…"}}, options...)),
		"check field":    CheckField(CheckProps{Name: "on", Label: "On", Hint: "Now.", Checked: true}),
		"secret":         SecretField(SecretProps{Name: "key", Label: "Key", Set: true, Last4: "4eC3", SetBy: "Ada", SetAt: when}),
		"new secret":     SecretField(SecretProps{Name: "key", Label: "Key", Required: true}),
		"alert":          around(Alert(AlertProps{Tone: Danger, Title: "Refused", Text: "Not enough money.", Urgent: true}), Button(ButtonProps{Label: "Retry"})),
		"toast":          Toast(ToastProps{Tone: Danger, Text: "Failed.", Href: "/p", Link: "Show"}),
		"partial toast":  PartialToast(ToastProps{Text: "Sent."}),
		"partial":        around(Partial("#order-1"), text("row")),
		"empty":          around(EmptyState(EmptyProps{Title: "Nothing", Text: "Remove a filter."}), LinkButton(LinkButtonProps{Label: "Clear", Href: "/"})),
		"progress":       Progress(ProgressProps{Label: "Attempts", Value: 2, Max: 8}),
		"dialog":         around(Dialog(DialogProps{Title: "Retry?", Text: "Charges again."}), around(DialogActions("/payments"), Button(ButtonProps{Label: "Charge", Submit: true}))),
		"definitions":    around(DefinitionList(DefinitionListProps{Wide: true}), around(Definition("Amount"), Amount(AmountProps{Text: "RM 1.00", Strong: true}))),
		"timeline":       around(Timeline(TimelineProps{Label: "Timeline"}), around(TimelineItem(TimelineItemProps{Title: "Paid", Tone: Success, When: when, Who: "Ada"}), text("detail"))),
		"tabs":           Tabs(TabsProps{Label: "Views", Tabs: []Tab{{Label: "All", Href: "/", Current: true}, {Label: "Failed", Href: "/f", Count: "4"}}}),
		"chart":          Chart(ChartProps{ID: "chart", Title: "Orders", Summary: "Two days.", BarLabel: "Orders", LineLabel: "Revenue", Points: []Point{{"1 Nov", 3, "3", 10, "RM 10"}, {"2 Nov", 0, "0", 0, "RM 0"}}}),
		"palette":        PaletteResults([]PaletteItem{{"Orders", "Page", "shopping-bag", "/orders"}}),
		"palette, empty": PaletteResults(nil),
	}
}

func table() templ.Component {
	head := around(TableHead(),
		SelectAllColumn(),
		Column(ColumnProps{Label: "Order"}),
		Column(ColumnProps{Label: "Actions", Unseen: true}))
	row := around(Row(RowProps{ID: "order-1", Live: Live{Topics: "order:1", URL: "/orders/1/row"}}),
		SelectCell(SelectCellProps{Value: "1", Form: "bulk", Label: "#1"}),
		around(Cell(CellProps{Mono: true}), RowLink("/orders/1", "#1")),
		around(Cell(CellProps{Align: End, Hide: HideBelowMD}), text("RM 1.00")))
	return around(Table(TableProps{ID: "orders", Caption: "Orders"}), head, around(TableBody(nil), row))
}

func TestComponents(t *testing.T) {
	t.Parallel()
	for name, component := range components() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, language := range locales.Languages() {
				uitest.Check(t, render(t, language, component))
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	document := render(t, locales.English, table())
	facts := map[string]string{
		"the region scrolls by keyboard":     `div[role=region][tabindex="0"][aria-label="Orders, scrollable table"]`,
		"the table has a caption":            `table > caption:contains("Orders")`,
		"a row renews itself in place":       `tr#order-1[data-row][data-live="order:1"][hx-get="/orders/1/row"][hx-swap=outerMorph]`,
		"a row is selected by name":          `input[type=checkbox][aria-label="Select #1"][form=bulk]`,
		"columns without room are left out":  `td.hidden.md\:table-cell.text-right`,
		"a column of buttons still has name": `th span.sr-only:contains("Actions")`,
	}
	for fact, selector := range facts {
		if document.Find(selector).Length() != 1 {
			t.Errorf("%s: no element matches %s", fact, selector)
		}
	}
}

func TestSecretField(t *testing.T) {
	t.Parallel()
	document := render(t, locales.English, components()["secret"])
	input := document.Find("textarea[name=key]")
	if input.Length() != 1 || input.Text() != "" {
		t.Error("a stored secret is not asked for by an empty field")
	}
	if _, required := input.Attr("required"); required {
		t.Error("a stored secret must be entered again")
	}
	if got := document.Find("summary").Text(); !strings.Contains(got, "4eC3") || !strings.Contains(got, "Ada") {
		t.Errorf("summary %q lacks the end of the secret or who set it", got)
	}
	if _, required := render(t, locales.English, components()["new secret"]).Find("textarea").Attr("required"); !required {
		t.Error("a secret that is needed may be left out")
	}
}

func TestSelectField(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"select field": true, "select any": false, "select prompt": true} {
		document := render(t, locales.English, components()[name])
		if _, required := document.Find("select").Attr("required"); required != want {
			t.Errorf("%s is required: %v, want %v", name, required, want)
		}
		if label := document.Find("label").Text(); strings.Contains(label, "optional") {
			t.Errorf("%s may be left out: %q", name, label)
		}
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"Ada Lim": "AL", "ada": "A", "Mary Jane  Watson": "MW", "陈美玲": "陈", "sam@example.com": "SE", "  ": "?",
	}
	for name, want := range tests {
		if got := Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestCeiling(t *testing.T) {
	t.Parallel()
	tests := map[float64]float64{0: 4, 3: 4, 5: 6, 101: 120, 240: 240, 999: 1000, 15_500: 16_000, 8_100: 10_000}
	for v, want := range tests {
		if got := ceiling(v); got != want {
			t.Errorf("ceiling(%g) = %g, want %g", v, got, want)
		}
	}
}

// Names of icons stand in the sources of views as data or as arguments.
var iconName = regexp.MustCompile(`\bIcon(?::\s*|\()"([a-z0-9-]+)"`)

func TestIconsOfSourcesExist(t *testing.T) {
	t.Parallel()
	url := strings.Split(static.URL("icons.svg"), "/")
	sprite, _, ok := static.File(url[2], url[3])
	if !ok {
		t.Fatal("there is no sprite")
	}
	for _, pattern := range []string{"*.templ", "*.go", "../*.templ", "../*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range iconName.FindAllStringSubmatch(string(body), -1) {
				if !strings.Contains(string(sprite.Body), `<symbol id="`+match[1]+`"`) {
					t.Errorf("%s names the icon %q: add it to static/build/icons.txt and build", file, match[1])
				}
			}
		}
	}
}
