package views

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// What the deliverer says of a failure is read from its source.
func TestFailuresOfDeliveriesHaveWords(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../notify/*.go")
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?:return|Error:) "([a-zT][^"]* [^"]*)"`)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(source), -1) {
			found++
			if postWords[m[1]] == "" {
				t.Errorf("%s says %q, which has no words in other languages", file, m[1])
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d failures were found", found)
	}
	english, malay := locales.NewContext(t.Context(), locales.For(locales.English)), locales.NewContext(t.Context(), locales.For(locales.Malay))
	for text := range postWords {
		a := models.DeliveryAttempt{Error: text}
		if attemptWords(english, a) == "" || attemptWords(english, a) == attemptWords(malay, a) {
			t.Errorf("%q is told as %q", text, attemptWords(malay, a))
		}
	}
}

func TestEveryAnswerHasWords(t *testing.T) {
	t.Parallel()
	ctx := locales.NewContext(t.Context(), locales.For(locales.English))
	for status := 200; status < 600; status++ {
		if text := attemptWords(ctx, models.DeliveryAttempt{Status: status}); (text == "") != (status < 300) {
			t.Errorf("%d is told as %q", status, text)
		}
	}
}

// A command holds what it is made of as single words, whatever is in it.
func TestSentCurlIsQuoted(t *testing.T) {
	t.Parallel()
	v := DeliveryView{
		Endpoint: models.Endpoint{URL: "https://one.example/it's?a=$(1)"}, Event: models.Event{Body: "{\"note\":\"`id` $HOME 'x'\"}"},
		Attempts: []models.DeliveryAttempt{
			{Number: 2}, {Number: 1, RequestHeaders: models.SentHeaders{"Webhook-Id": "evt_1", "Authorization": "***"}},
		},
	}
	want := strings.Join([]string{
		`curl --include --request POST 'https://one.example/it'\''s?a=$(1)'`, `--header 'Authorization: ***'`, `--header 'Webhook-Id: evt_1'`,
		"--data-binary '{\"note\":\"`id` $HOME '\\''x'\\''\"}'",
	}, " \\\n  ")
	if got := v.sentCurl(*v.sent()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
