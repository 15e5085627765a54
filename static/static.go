// Package static carries the files that browsers load: styles, scripts, icons
// and fonts, each under an address that changes with its content.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
)

//go:embed files
var embedded embed.FS

// Prefix is the path under which the files are served: Prefix + hash + "/" + name.
const Prefix = "/static/"

// Asset is one file as it is sent to a browser.
type Asset struct {
	Name        string
	Hash        string
	ContentType string
	Body        []byte
}

var assets = load(embedded)

// types names the content types here, because those of the operating system differ.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// Scripts are sent as one file. htmx looks at the page as soon as the browser gets
// to it after htmx's own script: an extension in a file of its own that took longer
// to come was too late, and the page without live updates until somebody loaded it anew.
const Scripts = "scripts.js"

// scripts are what is in it, in their order.
var scripts = []string{"htmx.min.js", "hx-sse.min.js", "app.js", "live.js"}

func load(files embed.FS) map[string]Asset {
	found := map[string]Asset{}
	add := func(name string, body []byte) {
		sum := sha256.Sum256(body)
		found[name] = Asset{Name: name, Hash: hex.EncodeToString(sum[:6]), ContentType: types[path.Ext(name)], Body: body}
	}
	err := fs.WalkDir(files, "files", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		add(path.Base(name), body)
		return nil
	})
	if err != nil { // the files are part of the program, so this cannot depend on the machine
		panic(fmt.Sprintf("static: read embedded files: %v", err))
	}
	var all bytes.Buffer
	for _, name := range scripts {
		all.Write(found[name].Body)
		all.WriteString("\n;\n")
	}
	add(Scripts, all.Bytes())
	return found
}

// URL returns the address of a file; it panics for a name that does not exist,
// which every page test would meet.
func URL(name string) string {
	asset, ok := assets[name]
	if !ok {
		panic("static: no file " + name)
	}
	return Prefix + asset.Hash + "/" + name
}

// File returns the file that an address of URL names. A hash of another build
// finds the file too, since during an upgrade nodes of both builds serve pages.
func File(hash, name string) (asset Asset, current, ok bool) {
	asset, ok = assets[name]
	return asset, ok && asset.Hash == hash, ok
}

// CacheControl says how long a browser may keep a file that File found.
func CacheControl(current bool) string {
	if current {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}
