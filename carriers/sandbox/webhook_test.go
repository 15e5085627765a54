package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
)

// A webhook with its signature:
// printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac secret.
const (
	body      = `{"id":"evt_1"}`
	signature = "t=1700000000,v1=af784f27423c462e20039559cd4264140f7b7ed4c9090e26fd663faa5eeb8dda"
	sent      = 1700000000
)

func account(webhookSecret string) carriers.Account {
	return carriers.Account{ID: "cra_1", Fields: map[string]string{"token": secret, "webhook_secret": webhookSecret}}
}

func hook(body, signature string, age int64) carriers.Webhook {
	return carriers.Webhook{
		Header: http.Header{"Sandbox-Signature": {signature}}, Body: []byte(body), ReceivedAt: time.Unix(sent+age, 0),
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	c, shop := New(nil), account("secret")
	accept := func(name string, w carriers.Webhook) {
		if err := c.Verify(shop, w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refuse := func(name string, a carriers.Account, w carriers.Webhook) {
		if err := c.Verify(a, w); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	accept("the sandbox's own webhook", hook(body, signature, 2))
	accept("at the last moment", hook(body, signature, 300))
	accept("by a clock that is late", hook(body, signature, -300))
	accept("one of two signatures", hook(body, "v1=00, "+signature+",v1=00", 0))
	for i := range body {
		changed := []byte(body)
		changed[i] ^= 1
		refuse("a changed body", shop, hook(string(changed), signature, 0))
	}
	for i := range signature {
		for _, bit := range []byte{1, 0x20} {
			changed := []byte(signature)
			changed[i] ^= bit
			refuse("a changed signature "+string(changed), shop, hook(body, string(changed), 0))
		}
	}
	for _, age := range []int64{301, 1 << 40} {
		refuse("an old signature", shop, hook(body, signature, age))
	}
	for _, other := range []string{"", "t=1700000000", "t=1700000000,v1=", "v1=af78", signature[len("t=1700000000,"):]} {
		refuse("a signature of another form", shop, hook(body, other, 0))
	}
	refuse("no header", shop, carriers.Webhook{Body: []byte(body), ReceivedAt: time.Unix(sent, 0)})
	for _, other := range []string{"", " ", "secret2"} {
		refuse("another secret", account(other), hook(body, signature, 0))
	}
	// printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac ''
	const unkeyed = "t=1700000000,v1=0544cee61c7f21c4f8ddaa03818d769214fe1cee99d6a47c009139d400184359"
	refuse("signed with nothing", account(""), hook(body, unkeyed, 0))
}

func TestRead(t *testing.T) {
	t.Parallel()
	c, event := New(nil), fixture(t, "event.json")
	first, err := c.Read(account(""), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Read(account(""), []byte(event))
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("the second reading differs: %v\n%s", err, diff)
	}
	n := first[0]
	if len(first) != 1 || n.ID != "evt_17" || n.Type != "parcel.updated" || n.Number != number || n.Service != "" {
		t.Errorf("Read() = %+v", first)
	}
	if n.Tracking == nil || n.Tracking.Header.Status != carriers.StatusPickedUp || len(n.Tracking.Events) != 2 || n.Tracking.Partial ||
		n.Tracking.ETA == nil || !strings.HasPrefix(string(n.Tracking.Raw), "{") || n.Tracking.Events[1].CarrierID != "scn_2" {
		t.Errorf("tracking = %+v", n.Tracking)
	}
	for name, broken := range map[string]string{
		"nothing":                "",
		"half":                   event[:len(event)/2],
		"no event":               `{}`,
		"null":                   `null`,
		"no id":                  `{"type":"parcel.updated","data":{"parcel":{"number":"SBX1"}}}`,
		"no type":                `{"id":"evt_1","data":{"parcel":{"number":"SBX1"}}}`,
		"no parcel":              `{"id":"evt_1","type":"parcel.updated"}`,
		"null as parcel":         `{"id":"evt_1","type":"parcel.updated","data":{"parcel":null}}`,
		"a list as parcel":       `{"id":"evt_1","type":"parcel.updated","data":{"parcel":[]}}`,
		"a parcel of no number":  `{"id":"evt_1","type":"parcel.updated","data":{"parcel":{"number":" ","events":[]}}}`,
		"a number that is a sum": `{"id":"evt_1","type":"parcel.updated","data":{"parcel":{"number":7}}}`,
	} {
		if got, err := c.Read(account(""), []byte(broken)); err == nil {
			t.Errorf("%s: no error, got %+v", name, got)
		}
	}
	other, err := c.Read(account(""), []byte(`{"id":"evt_1","type":"depot.closed","data":{"parcel":{"number":"SBX1"}}}`))
	if diff := cmp.Diff([]carriers.Notice{{ID: "evt_1", Type: "depot.closed"}}, other); err != nil || diff != "" {
		t.Errorf("news of something else: %v\n%s", err, diff)
	}
	if diff := cmp.Diff(carriers.Acknowledgment{}, c.Acknowledge()); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(fixture(f, "event.json")))
	f.Add([]byte(`{"id":"evt_1","type":"parcel.updated","data":{"parcel":{"number":"SBX1","status":"beamed_up","events":[null,7,{"time":"soon"}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		notices, err := New(nil).Read(account(""), body)
		if (err == nil) != (len(notices) == 1) {
			t.Fatalf("%d notices, error %v", len(notices), err)
		}
		if err == nil && notices[0].Tracking != nil && notices[0].Number == "" {
			t.Errorf("nobody knows which parcel this is about: %+v", notices[0])
		}
	})
}
