package handlers

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/views"
)

// sampleHarness runs a sample in its language: it reads headers, body and secret
// as JSON from standard input and exits 0 when the webhook is genuine.
var sampleHarness = map[string]struct{ file, before, after, command string }{
	"JavaScript": {"sample.mjs", "", `
import { readFileSync } from "node:fs";
const { headers, body, secret } = JSON.parse(readFileSync(0, "utf8"));
process.exit(genuine(headers, body, secret) ? 0 : 3);`, "node"},
	"Python": {"sample.py", "", `
import json, sys
told = json.load(sys.stdin)
sys.exit(0 if genuine(told["headers"], told["body"].encode(), told["secret"]) else 3)`, "python3"},
	"Go": {"main.go", `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

`, `

func main() {
	var told struct {
		Headers      map[string]string
		Body, Secret string
	}
	if json.NewDecoder(os.Stdin).Decode(&told) != nil {
		os.Exit(4)
	}
	h := http.Header{}
	for name, value := range told.Headers {
		h.Set(name, value)
	}
	if !genuine(h, []byte(told.Body), told.Secret) {
		os.Exit(3)
	}
}`, "go run"},
}

// The code that merchants copy accepts what Tillpost signs and refuses what is
// altered or old. That with a library is tested with the deliverer; PHP is no
// tool of these tests.
func TestVerifySamples(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, sample := range verifySamples {
		harness, known := sampleHarness[sample.Title]
		if !known || sample.Library {
			continue
		}
		if strings.HasPrefix(sample.Title, "Python") {
			if _, err := exec.LookPath("python3"); err != nil {
				t.Logf("no %s here: %v", sample.Title, err)
				continue
			}
		}
		tried++
		t.Run(sample.Title, func(t *testing.T) {
			t.Parallel()
			checkSample(t, sample, harness.file, harness.before, harness.after, strings.Fields(harness.command))
		})
	}
	if tried < 2 {
		t.Errorf("only %d samples were tried", tried)
	}
}

func checkSample(t *testing.T, sample views.DocsSample, file, before, after string, command []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(path, []byte(before+sample.Code+after), 0o600); err != nil {
		t.Fatal(err)
	}
	secret, old := notify.NewSecret(), notify.NewSecret()
	const body = `{"type":"payment.paid","data":{"note":"✓"}}`
	for _, test := range []struct {
		name   string
		at     time.Time
		body   string
		secret string
		want   bool
	}{
		{"genuine", time.Now(), body, secret, true},
		{"the old secret while it is replaced", time.Now(), body, old, true},
		{"altered", time.Now(), strings.Replace(body, "paid", "failed", 1), secret, false},
		{"old", time.Now().Add(-6 * time.Minute), body, secret, false},
		{"another secret", time.Now(), body, notify.NewSecret(), false},
	} {
		signature, err := notify.Sign([]string{secret, old}, "evt_1", test.at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		told, err := json.Marshal(map[string]any{"body": test.body, "secret": test.secret, "headers": map[string]string{
			notify.HeaderID: "evt_1", notify.HeaderTimestamp: notify.Timestamp(test.at), notify.HeaderSignature: signature,
		}})
		if err != nil {
			t.Fatal(err)
		}
		run := exec.CommandContext(t.Context(), command[0], append(command[1:], path)...)
		run.Stdin = strings.NewReader(string(told))
		out, err := run.CombinedOutput()
		if got := err == nil; got != test.want || len(out) > 0 && !strings.Contains(string(out), "exit status 3") {
			t.Errorf("%s: accepted %t: %s %v", test.name, got, out, err)
		}
	}
}
