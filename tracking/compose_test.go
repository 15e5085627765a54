package tracking_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/tracking"
)

var update = flag.Bool("update", false, "write golden files anew")

// A mail of each kind in each language, as it is sent.
func TestRenderGolden(t *testing.T) {
	t.Parallel()
	for _, language := range locales.Languages() {
		for _, kind := range models.MailKinds {
			letter := tracking.Letter{
				Kind: kind, Language: language, Merchant: `Kedai <Kopi> & "Co"`, OrderNumber: "A-1001", Carrier: "DHL", Number: "00340434161094042557",
				Page: "https://pages.example/t/secret", Support: "help@teh.example", Unsubscribe: "https://pages.example/t/stop/v1.sealed",
			}
			switch kind {
			case models.MailShipped, models.MailOutForDelivery:
				letter.Day = "2026-01-20"
			case models.MailException:
				letter.Reason = "…"
			}
			got, err := tracking.Render(letter)
			if err != nil {
				t.Fatal(err)
			}
			name := kind + "." + string(language)
			golden(t, name+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, name+".html", got.HTML)
			wellFormed(t, name, got.HTML)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// wellFormed checks what mail programs and screen readers need: a language, a
// title, one heading, links with text, and nothing that is loaded or run.
func wellFormed(t *testing.T, name, text string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		for _, a := range n.Attr {
			switch {
			case a.Key == "src" || strings.HasPrefix(a.Key, "on") || a.Key == "style" && strings.Contains(a.Val, "url("):
				t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "https://") && !strings.HasPrefix(a.Val, "mailto:"):
				t.Errorf("%s: a link to %q", name, a.Val)
			}
		}
		if n.Data == "a" && (n.FirstChild == nil || strings.TrimSpace(n.FirstChild.Data) == "") {
			t.Errorf("%s: a link without words", name)
		}
	}
	if count["h1"] != 1 || count["title"] != 1 || count["script"]+count["img"]+count["link"]+count["style"] != 0 {
		t.Errorf("%s: elements %v", name, count)
	}
}

func TestRenderUnknownKind(t *testing.T) {
	t.Parallel()
	if _, err := tracking.Render(tracking.Letter{Kind: "weather"}); err == nil {
		t.Error("a mail about the weather")
	}
}
