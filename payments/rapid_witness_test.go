//go:build !race

package payments_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models/modelstest"
)

// witness is a test that is meant to fail: it keeps the failure to itself.
type witness struct {
	*testing.T

	failed bool
	said   string
}

func (w *witness) Log(...any)          {}
func (w *witness) Logf(string, ...any) {}
func (w *witness) Error(...any)        { w.failed = true }
func (w *witness) Errorf(format string, args ...any) {
	w.failed, w.said = true, w.said+fmt.Sprintf(format, args...)
}
func (w *witness) Fatal(...any)          { w.FailNow() }
func (w *witness) Fatalf(string, ...any) { w.FailNow() }
func (w *witness) Fail()                 { w.failed = true }
func (w *witness) Failed() bool          { return w.failed }

func (w *witness) FailNow() {
	w.failed = true
	runtime.Goexit()
}

// Without the index that allows one open attempt the property test finds a
// payment that is charged twice: it can tell.
func TestAnyOrderOfEventsFindsAMissingIndex(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	if _, err := db.SQL().ExecContext(t.Context(), "DROP INDEX attempts_one_open"); err != nil {
		t.Fatal(err)
	}
	m := newModel(t, db)
	start := time.Now()
	for time.Since(start) < time.Minute {
		w := &witness{T: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			rapid.Check(w, m.drive(t))
		}()
		<-done
		if w.failed {
			if !strings.Contains(w.said, "charged twice") && !strings.Contains(w.said, "open attempts") {
				t.Errorf("it failed otherwise: %s", w.said)
			}
			t.Logf("found after %s and %d steps", time.Since(start).Round(time.Millisecond), m.steps.Load())
			return
		}
	}
	t.Fatal("a payment with two open attempts was not found within a minute")
}
