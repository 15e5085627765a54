package static

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	t.Parallel()
	url := URL("app.css")
	hash, name, ok := strings.Cut(strings.TrimPrefix(url, Prefix), "/")
	if !ok || name != "app.css" {
		t.Fatalf("URL(app.css) = %q, want %shash/app.css", url, Prefix)
	}
	tests := []struct {
		name, hash, file string
		wantType         string
		wantCurrent      bool
		wantOK           bool
	}{
		{name: "address of this build", hash: hash, file: "app.css", wantType: "text/css; charset=utf-8", wantCurrent: true, wantOK: true},
		{name: "address of another build", hash: "000000000000", file: "app.css", wantType: "text/css; charset=utf-8", wantOK: true},
		{name: "no such file", hash: hash, file: "secret.txt"},
		{name: "no way out of the folder", hash: hash, file: "../static.go"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asset, current, ok := File(test.hash, test.file)
			if ok != test.wantOK || current != test.wantCurrent || asset.ContentType != test.wantType {
				t.Errorf("File(%q, %q) = type %q, current %t, ok %t; want %q, %t, %t", test.hash, test.file,
					asset.ContentType, current, ok, test.wantType, test.wantCurrent, test.wantOK)
			}
		})
	}
}

func TestEveryFileHasAType(t *testing.T) {
	t.Parallel()
	for name, asset := range assets {
		if asset.ContentType == "" || len(asset.Body) == 0 {
			t.Errorf("%s has type %q and %d bytes", name, asset.ContentType, len(asset.Body))
		}
	}
}

func TestStylesheetAddressesExist(t *testing.T) {
	t.Parallel()
	address := regexp.MustCompile(`url\("?(/static/([0-9a-f]+)/([^")]+))"?\)`)
	found := address.FindAllStringSubmatch(string(assets["app.css"].Body), -1)
	if len(found) == 0 {
		t.Fatal("app.css names no font")
	}
	for _, match := range found {
		if _, current, _ := File(match[2], match[3]); !current {
			t.Errorf("app.css names %s, which is not the address of a file: rebuild it", match[1])
		}
	}
}

func TestVendoredFilesAreUnchanged(t *testing.T) {
	t.Parallel()
	var vendored []struct{ File, Package, Version, License, SHA256 string }
	if err := json.Unmarshal(assets["vendored.json"].Body, &vendored); err != nil {
		t.Fatal(err)
	}
	for _, v := range vendored {
		sum := sha256.Sum256(assets[v.File].Body)
		if got := hex.EncodeToString(sum[:]); got != v.SHA256 {
			t.Errorf("%s is not the file of %s %s", v.File, v.Package, v.Version)
		}
	}
}

// Every script is in the one that pages load, each whole and htmx first.
func TestScriptsAreOne(t *testing.T) {
	t.Parallel()
	rest, found := string(assets[Scripts].Body), 0
	for _, name := range scripts {
		_, after, ok := strings.Cut(rest, string(assets[name].Body))
		if !ok {
			t.Fatalf("%s is not in its place", name)
		}
		rest = after
	}
	for name := range assets {
		if strings.HasSuffix(name, ".js") && name != Scripts {
			found++
		}
	}
	if found != len(scripts) {
		t.Errorf("%d scripts, of which pages load %d", found, len(scripts))
	}
}

func TestScriptsNeedNoEval(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"app.js", "live.js"} {
		body := string(assets[name].Body)
		for _, banned := range []string{"eval(", "new Function", "innerHTML", ".style"} {
			if strings.Contains(body, banned) {
				t.Errorf("%s contains %q, which the content security policy forbids or which is unsafe", name, banned)
			}
		}
	}
}
