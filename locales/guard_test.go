package locales

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// catalogue is one language: area (file) → key → plural form → text.
type catalogue map[string]map[string]map[string]string

func read(t *testing.T, l Language) catalogue {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(string(l), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogues of %s: %v", l, err)
	}
	found := catalogue{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		area := strings.TrimSuffix(filepath.Base(file), ".json")
		found[area] = parse(t, file, body)
	}
	return found
}

func parse(t *testing.T, file string, body []byte) map[string]map[string]string {
	t.Helper()
	messages := map[string]map[string]string{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		key := token.(string)
		if _, twice := messages[key]; twice {
			t.Errorf("%s: %s stands there twice", file, key)
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			t.Fatalf("%s: %s: %v", file, key, err)
		}
		messages[key] = forms(t, file, key, value)
	}
	return messages
}

func forms(t *testing.T, file, key string, value any) map[string]string {
	t.Helper()
	switch value := value.(type) {
	case string:
		return map[string]string{"other": value}
	case map[string]any:
		texts := map[string]string{}
		for form, text := range value {
			texts[form], _ = text.(string)
		}
		return texts
	default:
		t.Fatalf("%s: %s is neither a text nor plural forms", file, key)
		return nil
	}
}

var placeholder = regexp.MustCompile(`{{\s*\.\w+\s*}}`)

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestCatalogues(t *testing.T) {
	t.Parallel()
	english := read(t, English)
	plurals := map[Language][]string{English: {"one", "other"}, Chinese: {"other"}, Malay: {"other"}}
	for _, l := range Languages() {
		texts := read(t, l)
		for area, messages := range texts {
			for key, forms := range messages {
				name := fmt.Sprintf("%s/%s.json: %s", l, area, key)
				if !strings.HasPrefix(key, area+".") {
					t.Errorf("%s does not begin with the name of its file", name)
				}
				want, ok := english[area][key]
				if !ok {
					t.Errorf("%s is not in English", name)
					continue
				}
				if len(want) > 1 {
					for _, form := range plurals[l] {
						if forms[form] == "" {
							t.Errorf("%s lacks the plural form %q", name, form)
						}
					}
				}
				for form, text := range forms {
					if strings.TrimSpace(text) == "" {
						t.Errorf("%s is empty", name)
					}
					if !slices.Equal(placeholders(text), placeholders(want["other"])) {
						t.Errorf("%s (%s) has placeholders %v, English has %v", name, form, placeholders(text), placeholders(want["other"]))
					}
					if strings.Count(text, "{{") != len(placeholder.FindAllString(text, -1)) {
						t.Errorf("%s has a malformed placeholder: %q", name, text)
					}
				}
			}
		}
		for area, messages := range english {
			for key := range messages {
				if _, ok := texts[area][key]; !ok {
					t.Errorf("%s/%s.json lacks %s", l, area, key)
				}
			}
		}
	}
}

// The shapes in which sources name a key.
var keyShapes = []*regexp.Regexp{
	regexp.MustCompile(`\bT\(\s*ctx\s*,\s*"([^"]+)"\s*[,)]`),
	regexp.MustCompile(`\.T\(\s*"([^"]+)"\s*[,)]`),
	regexp.MustCompile(`\bMark\("([^"]+)"\)`),
}

// The shapes in which sources name the code of a refusal, whose text has the
// key "error." and the code.
var codeShapes = []*regexp.Regexp{
	regexp.MustCompile(`\bInvalid\(.*,\s*"(\w+)"\)`),
	regexp.MustCompile(`\bConflict\("(\w+)"`),
	regexp.MustCompile(`\bError\{[^}]*\bCode:\s*"(\w+)"`),
}

// used finds the keys that the program's sources name, and where.
func used(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		source := strings.HasSuffix(path, ".templ") ||
			strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, "_templ.go")
		if entry.IsDir() || !source {
			return nil
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, shape := range keyShapes {
			for _, match := range shape.FindAllSubmatch(body, -1) {
				found[string(match[1])] = path
			}
		}
		for _, shape := range codeShapes {
			for _, match := range shape.FindAllSubmatch(body, -1) {
				found["error."+string(match[1])] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The vocabularies are complete by design, whether a word is in use or not:
// words of buttons and columns, refusals by code, names of values.
var vocabularies = []string{"common", "error", "status"}

func TestKeysOfSources(t *testing.T) {
	t.Parallel()
	english, sources := read(t, English), used(t)
	for key, path := range sources {
		area, _, _ := strings.Cut(key, ".")
		if _, ok := english[area][key]; !ok {
			t.Errorf("%s names %q, which no catalogue has", path, key)
		}
	}
	for area, messages := range english {
		if slices.Contains(vocabularies, area) {
			continue
		}
		for key := range messages {
			if _, ok := sources[key]; !ok {
				t.Errorf("en/%s.json: %s is used nowhere", area, key)
			}
		}
	}
}

func TestStatusGroups(t *testing.T) {
	t.Parallel()
	for key := range read(t, English)["status"] {
		group, _, _ := strings.Cut(strings.TrimPrefix(key, "status."), ".")
		if !slices.Contains(Groups(), Group(group)) {
			t.Errorf("%s belongs to no group, so nothing can show it", key)
		}
	}
}
