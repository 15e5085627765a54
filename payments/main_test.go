//go:build !race

package payments_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain keeps failures of property tests out of the tree: one test is meant
// to fail, and the others print what reproduces theirs.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
