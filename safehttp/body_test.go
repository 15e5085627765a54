package safehttp

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
)

func TestMaxBody(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	zeros := func(w io.Writer, n int) {
		chunk := make([]byte, 1<<20)
		for n > 0 {
			written, err := w.Write(chunk[:min(n, len(chunk))])
			if err != nil {
				return // the client has had enough
			}
			n -= written
		}
	}
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	zeros(packer, size)
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	port, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			zeros(w, 1000)
		case "/over":
			zeros(w, 1001)
		case "/huge":
			zeros(w, size)
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}
	})
	tests := []struct {
		path    string
		wantCut bool
	}{{"/exact", false}, {"/over", true}, {"/huge", true}, {"/bomb", true}}
	for _, test := range tests { // one after the other: memory is measured
		t.Run("client limit "+test.path, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			resp, err := get(t, New(Options{MaxBody: 1000}), "http://127.0.0.1:"+port+test.path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if len(body) != 1000 || errors.Is(err, ErrBodyTooLarge) != test.wantCut {
				t.Errorf("%d bytes, error %v, want 1000 and too large %v", len(body), err, test.wantCut)
			}
			if _, again := resp.Body.Read(make([]byte, 1)); test.wantCut && !errors.Is(again, ErrBodyTooLarge) {
				t.Errorf("read on: %v, want too large", again)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > size/4 {
				t.Errorf("allocated %d bytes", used)
			}
		})
		t.Run("reader's limit "+test.path, func(t *testing.T) {
			resp, err := get(t, New(Options{}), "http://127.0.0.1:"+port+test.path)
			if err != nil {
				t.Fatal(err)
			}
			body, cut, err := ReadAll(resp, 1000)
			if len(body) != 1000 || cut != test.wantCut || err != nil {
				t.Errorf("%d bytes, cut %v, error %v, want 1000, %v, none", len(body), cut, err, test.wantCut)
			}
		})
	}

	t.Run("both limits", func(t *testing.T) {
		resp, err := get(t, New(Options{MaxBody: 500}), "http://127.0.0.1:"+port+"/exact")
		if err != nil {
			t.Fatal(err)
		}
		if body, cut, err := ReadAll(resp, 1000); len(body) != 500 || !cut || err != nil {
			t.Errorf("%d bytes, cut %v, error %v, want 500, true, none", len(body), cut, err)
		}
	})
}
