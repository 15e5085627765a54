package notify_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
)

// library is a public library of Standard Webhooks as a merchant uses it.
type library func(t *testing.T, header http.Header, body, secret string) error

func verifyInGo(_ *testing.T, header http.Header, body, secret string) error {
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	return verifier.Verify([]byte(body), header)
}

// verifyInNode starts one process for all questions.
func verifyInNode(t *testing.T) library {
	t.Helper()
	if _, err := os.Stat("testdata/node/node_modules/standardwebhooks"); err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	node := exec.CommandContext(t.Context(), "node", "verify.mjs")
	node.Dir, node.Stderr = "testdata/node", os.Stderr
	questions, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := questions.Close(); err != nil {
			t.Error(err)
		}
		if err := node.Wait(); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	answers := bufio.NewReader(out)
	return func(t *testing.T, header http.Header, body, secret string) error {
		t.Helper()
		headers := map[string]string{}
		for name := range header {
			headers[strings.ToLower(name)] = header.Get(name)
		}
		if err := json.NewEncoder(questions).Encode(map[string]any{"headers": headers, "body": body, "secret": secret}); err != nil {
			t.Fatal(err)
		}
		answer, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if answer = strings.TrimSpace(answer); answer != "ok" {
			return nodeError(answer)
		}
		return nil
	}
}

type nodeError string

func (r nodeError) Error() string { return string(r) }

// The public libraries accept what is delivered, under each secret that signs,
// and nothing else.
func TestPublicLibrariesVerifyDeliveries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		post := func() received {
			o.offset.Store(0)
			o.order(t)
			o.drain(t)
			all := shop.all()
			return all[len(all)-1]
		}
		rotate := func(ago time.Duration) {
			o.offset.Store(int64(-ago))
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				_, o.secret, err = o.RotateSecret(tx, models.AllMerchants(), o.endpoint.ID)
				return err
			})
		}
		first, old := post(), o.secret
		rotate(24*time.Hour - time.Minute)
		overlap, between := post(), o.secret
		rotate(24*time.Hour + time.Minute)
		after := post()
		for name, verify := range map[string]library{"Go": verifyInGo, "JavaScript": verifyInNode(t)} {
			for _, test := range []struct {
				name   string
				got    received
				secret string
				want   string // in the refusal; empty: accepted
			}{
				{"a delivery", first, old, ""},
				{"under the secret to come", first, between, "atching signature"},
				{"while the secret is replaced, the old one", overlap, old, ""},
				{"while the secret is replaced, the new one", overlap, between, ""},
				{"while the secret is replaced, another one", overlap, notify.NewSecret(), "atching signature"},
				{"afterwards, the new one", after, o.secret, ""},
				{"afterwards, the retired one", after, between, "atching signature"},
				{"a changed byte", received{first.header, strings.Replace(first.body, "order.created", "order.creates", 1)}, old, "atching signature"},
				{"a changed id", under(first, notify.HeaderID, "evt_other"), old, "atching signature"},
				{"a changed time", under(first, notify.HeaderTimestamp, notify.Timestamp(time.Now().Add(-time.Minute))), old, "atching signature"},
				{"an old time", under(first, notify.HeaderTimestamp, notify.Timestamp(time.Now().Add(-6*time.Minute))), old, "too old"},
			} {
				err := verify(t, test.got.header, test.got.body, test.secret)
				switch {
				case test.want == "" && err != nil:
					t.Errorf("%s, %s: refused: %v", name, test.name, err)
				case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
					t.Errorf("%s, %s: %v, want a refusal with %q", name, test.name, err, test.want)
				}
			}
		}
	})
}

// under is what was received with another header.
func under(r received, name, value string) received {
	r.header = r.header.Clone()
	r.header.Set(name, value)
	return r
}
