package alerts

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models/modelstest"
)

// The certificate of the public address is read, valid or not, and asked for
// once an hour; an address that does not answer says nothing.
func TestCertificate(t *testing.T) {
	t.Parallel()
	b := newBench(t, modelstest.SQLite(t), Options{Machine: func() Machine { return Machine{DiskFree: .5} }})
	server := httptest.NewTLSServer(nil)
	b.db.PublicURL = server.URL
	read := func() *Figures {
		t.Helper()
		f, err := b.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := read()
	if want := server.Certificate().NotAfter; f.Certificate == nil || !f.Certificate.Equal(want) || f.Host == "" {
		t.Errorf("valid until %v, want %v", f.Certificate, want)
	}
	if f.Machine == nil || f.Machine.DiskFree != .5 {
		t.Errorf("the machine: %+v", f.Machine)
	}
	server.Close()
	if f := read(); f.Certificate == nil {
		t.Error("asked again within the hour")
	}
	b.after(2 * time.Hour)
	if f := read(); f.Certificate != nil {
		t.Errorf("of an address that is gone: %v", f.Certificate)
	}
	b.db.PublicURL = "http://127.0.0.1"
	if f := read(); f.Certificate != nil || f.Host != "" {
		t.Errorf("without https: %+v", f)
	}
}
