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

// Whatever is stored of a failure in our own words is told in three languages.
func TestOwnWordsOfFailuresAreTranslated(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../payments/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d sources, %v", len(files), err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range sentence.FindAllStringSubmatch(string(source), -1) {
			found++
			if _, known := ownWords[match[1]]; !known {
				t.Errorf("%s stores %q, which has no translation", file, match[1])
			}
		}
	}
	if found < len(ownWords) {
		t.Errorf("%d sentences are stored, %d are translated", found, len(ownWords))
	}
	for words := range ownWords {
		if got := failureWords(locales.NewContext(t.Context(), locales.For(locales.English)), words); got != words {
			t.Errorf("%q is told in English as %q", words, got)
		}
		if got := failureWords(locales.NewContext(t.Context(), locales.For(locales.Malay)), words); got == words {
			t.Errorf("%q is not told in Malay", words)
		}
	}
}
