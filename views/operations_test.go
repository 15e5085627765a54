package views_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/views"
)

// Every kind of job has a name in words; what stands in for one is not enough.
func TestJobsHaveNames(t *testing.T) {
	t.Parallel()
	ctx := locales.NewContext(t.Context(), locales.Match("", "", string(locales.English)))
	files, err := filepath.Glob("../models/*.go")
	if err != nil {
		t.Fatal(err)
	}
	kind := regexp.MustCompile(`Kind\(\) string { return "([^"]+)" }`)
	found := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range kind.FindAllStringSubmatch(string(source), -1) {
			found++
			if name := views.JobName(ctx, match[1]); name == strings.NewReplacer(".", " ", "_", " ").Replace(match[1]) {
				t.Errorf("%s has no name", match[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d kinds were found", found)
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1500: "1.5 KB", 812_000: "812 KB", 4_230_000_000: "4.2 GB", 12_000_000_000_000: "12 TB"} {
		if got := views.Bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
