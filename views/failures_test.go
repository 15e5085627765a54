package views

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/locales"
)

// sentence is how the sources write what is stored for people.
var sentence = regexp.MustCompile(`"([A-Z][^"]{15,}\.)"`)

// sentences are those that the sources of a pattern write, tests left out.
func sentences(t *testing.T, pattern string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d sources in %s, %v", len(files), pattern, err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range sentence.FindAllStringSubmatch(string(source), -1) {
			found[match[1]] = true
		}
	}
	return found
}

// translated checks that each of the words is written by a source, and told in
// three languages.
func translated(t *testing.T, words map[string]string, written map[string]bool) {
	t.Helper()
	for text := range words {
		if !written[text] {
			t.Errorf("%q is translated, and written nowhere", text)
		}
		for _, language := range []locales.Language{locales.English, locales.Malay, locales.Chinese} {
			got := failureWords(locales.NewContext(t.Context(), locales.For(language)), text)
			if (got == text) != (language == locales.English) {
				t.Errorf("%q is told in %s as %q", text, language, got)
			}
		}
	}
}

// Whatever is stored of a failure in our own words is told in three languages.
func TestOwnWordsOfFailuresAreTranslated(t *testing.T) {
	t.Parallel()
	written := sentences(t, "../payments/*.go")
	for text := range written {
		if ownWords[text] == "" {
			t.Errorf("%q is stored, and has no translation", text)
		}
	}
	translated(t, ownWords, written)
}

// Whatever a card is refused for is told in three languages.
func TestDeclinesAreTranslated(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"stripe/declines.go", "adyen/refusals.go", "paypal/processors.go"} {
		for text := range sentences(t, "../payments/"+table) {
			if declineWords[text] == "" {
				t.Errorf("%s says %q, which has no translation", table, text)
			}
		}
	}
	translated(t, declineWords, sentences(t, "../payments/*/*.go"))
}
