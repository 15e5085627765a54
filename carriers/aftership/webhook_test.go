package aftership

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
)

// A webhook with its signature, by another program.
const (
	event = `{"event":"tracking_update","event_id":"00000000-0000-0000-0000-000000000001",` +
		`"msg":{"id":"t1","tracking_number":"1Z999AA10123456784","slug":"ups","tag":"InTransit"},"ts":1700000000}`
	signature = "0Aiuo6DAdW08hQNNJx5GOWjYN0Zuf9/lAnZGanJKt+k="
)

func signed(body, signature string) carriers.Webhook {
	w := carriers.Webhook{Header: http.Header{}, Body: []byte(body)}
	w.Header.Set("aftership-hmac-sha256", signature)
	return w
}

func TestVerify(t *testing.T) {
	t.Parallel()
	c := New(nil)
	if err := c.Verify(account(), signed(event, signature)); err != nil {
		t.Fatalf("AfterShip's own webhook: %v", err)
	}
	refuse := func(name string, a carriers.Account, w carriers.Webhook) {
		if err := c.Verify(a, w); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	for i := range event {
		changed := []byte(event)
		changed[i] ^= 1
		refuse("a changed body", account(), signed(string(changed), signature))
	}
	for i := range signature {
		for _, bit := range []byte{1, 0x20} {
			changed := []byte(signature)
			changed[i] ^= bit
			refuse("a changed signature "+string(changed), account(), signed(event, string(changed)))
		}
	}
	for _, changed := range []string{"", signature + "=", signature[:len(signature)-1]} {
		refuse("a signature of another form", account(), signed(event, changed))
	}
	refuse("no header", account(), carriers.Webhook{Body: []byte(event)})
	for _, secret := range []string{"", " ", "secret"} {
		other := account()
		other.Fields["webhook_secret"] = secret
		refuse("another secret", other, signed(event, signature))
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	c := New(nil)
	first, err := c.Read(account(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Read(account(), []byte(event))
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("the second reading differs: %v\n%s", err, diff)
	}
	n := first[0]
	if len(first) != 1 || n.ID != "00000000-0000-0000-0000-000000000001" || n.Type != "tracking_update" ||
		n.Number != "1Z999AA10123456784" || n.Service != "t1" {
		t.Errorf("Read() = %+v", first)
	}
	if n.Tracking == nil || n.Tracking.Header.Status != carriers.StatusInTransit || n.Tracking.Service != "t1" {
		t.Errorf("tracking = %+v", n.Tracking)
	}
	for name, broken := range map[string]string{
		"nothing":           "",
		"half":              event[:len(event)/2],
		"no event":          `{}`,
		"null":              `null`,
		"no parcel":         `{"event":"tracking_update","event_id":"1"}`,
		"half a parcel":     `{"event":"tracking_update","msg":{"id":"t1"}}`,
		"a list as parcel":  `{"event":"tracking_update","msg":[]}`,
		"words as a parcel": `{"event":"tracking_update","msg":"t1"}`,
	} {
		if got, err := c.Read(account(), []byte(broken)); err == nil {
			t.Errorf("%s: no error, got %+v", name, got)
		}
	}
	other, err := c.Read(account(), []byte(`{"event":"edd_revise","event_id":"7","msg":{"id":"t1"}}`))
	if diff := cmp.Diff([]carriers.Notice{{ID: "7", Type: "edd_revise"}}, other); err != nil || diff != "" {
		t.Errorf("news of something else: %v\n%s", err, diff)
	}
	if diff := cmp.Diff(carriers.Acknowledgment{}, c.Acknowledge()); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(event))
	f.Add([]byte(`{"event":"tracking_update","msg":{"id":"t1","tracking_number":7,"checkpoints":[{"checkpoint_time":"2026-01-01"}]}}`))
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
