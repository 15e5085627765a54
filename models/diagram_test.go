package models_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
)

var update = flag.Bool("update", false, "write the state diagrams into docs/architecture.md")

const architecture = "../docs/architecture.md"

// The diagrams of the documentation are those of the tables.
func TestDiagramsAreCurrent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	before := string(raw)
	after := before
	for name, diagram := range map[string]string{
		"payments": models.PaymentDiagram(), "attempts": models.AttemptDiagram(),
		"refunds": models.RefundDiagram(), "disputes": models.DisputeDiagram(),
	} {
		after = embed(t, after, name, diagram)
	}
	if before == after {
		return
	}
	if !*update {
		t.Fatal("the state diagrams of docs/architecture.md are not those of the tables: run go test ./models -run Diagrams -update")
	}
	if err := os.WriteFile(architecture, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// embed puts a diagram between its markers.
func embed(t *testing.T, text, name, diagram string) string {
	t.Helper()
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	head, rest, found := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("no place for the diagram of %s", name)
	}
	return head + begin + "\n```mermaid\n" + diagram + "```\n\n" + end + tail
}
