package easypost

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
)

// The signature of testdata/event.json with the secret, by another program.
const signature = "hmac-sha256-hex=b17b2a695ba542045a9788ab3f47a8d1b2ed71a29d1b470a5e8edea153bf4c60"

func hook(body, signature string) carriers.Webhook {
	return carriers.Webhook{Header: http.Header{"X-Hmac-Signature": {signature}}, Body: []byte(body)}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	body, c := fixture(t, "event.json"), New(nil)
	if err := c.Verify(account(), hook(body, signature)); err != nil {
		t.Fatalf("EasyPost's own webhook: %v", err)
	}
	refuse := func(name string, a carriers.Account, w carriers.Webhook) {
		if err := c.Verify(a, w); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	for i := range body {
		changed := []byte(body)
		changed[i] ^= 1
		refuse("a changed body", account(), hook(string(changed), signature))
	}
	for i := range signature {
		for _, bit := range []byte{1, 0x20} {
			changed := []byte(signature)
			changed[i] ^= bit
			refuse("a changed signature "+string(changed), account(), hook(body, string(changed)))
		}
	}
	for _, changed := range []string{"", signature + "00", signature[:len(signature)-2], signature[len("hmac-sha256-hex="):]} {
		refuse("a signature of another form", account(), hook(body, changed))
	}
	refuse("no header", account(), carriers.Webhook{Body: []byte(body)})
	refuse("the secret in another form of Unicode", account(), hook(body, "hmac-sha256-hex=171a6532d53a446222a51f66e68ad8832134f3e51487283130d309c91d61229e"))
	for _, secret := range []string{"", " ", "secret"} {
		other := account()
		other.Fields["webhook_secret"] = secret
		refuse("another secret", other, hook(body, signature))
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	c, body := New(nil), []byte(fixture(t, "event.json"))
	first, err := c.Read(account(), body)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Read(account(), body)
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("the second reading differs: %v\n%s", err, diff)
	}
	n := first[0]
	if len(first) != 1 || n.ID != "evt_17" || n.Type != "tracker.updated" || n.Number != "EZ2000000002" || n.Service != "trk_17" {
		t.Errorf("Read() = %+v", first)
	}
	if n.Tracking == nil || n.Tracking.Header.Status != carriers.StatusInTransit || len(n.Tracking.Events) != 1 || n.Tracking.Service != "trk_17" {
		t.Errorf("tracking = %+v", n.Tracking)
	}
	for name, broken := range map[string]string{
		"nothing":           "",
		"half":              string(body[:len(body)/2]),
		"no event":          `{}`,
		"null":              `null`,
		"no tracker":        `{"id":"evt_1","description":"tracker.updated"}`,
		"half a tracker":    `{"id":"evt_1","description":"tracker.updated","result":{"id":"trk_1"}}`,
		"a list as tracker": `{"id":"evt_1","description":"tracker.created","result":[]}`,
	} {
		if got, err := c.Read(account(), []byte(broken)); err == nil {
			t.Errorf("%s: no error, got %+v", name, got)
		}
	}
	other, err := c.Read(account(), []byte(`{"id":"evt_1","description":"batch.updated","result":{"id":"batch_1"}}`))
	if diff := cmp.Diff([]carriers.Notice{{ID: "evt_1", Type: "batch.updated"}}, other); err != nil || diff != "" {
		t.Errorf("news of something else: %v\n%s", err, diff)
	}
	if diff := cmp.Diff(carriers.Acknowledgment{}, c.Acknowledge()); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(fixture(f, "event.json")))
	f.Add([]byte(`{"id":"evt_1","description":"tracker.created","result":` + fixture(f, "half.json") + `}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		notices, err := New(nil).Read(account(), body)
		if (err == nil) != (len(notices) == 1) {
			t.Fatalf("%d notices, error %v", len(notices), err)
		}
		if err == nil && notices[0].Tracking != nil && notices[0].Number == "" {
			t.Errorf("nobody knows which parcel this is about: %+v", notices[0])
		}
	})
}
