package shippo

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
)

// A webhook with its signature, by another program.
const (
	event     = `{"event":"track_updated","test":true,"data":{"tracking_number":"SHIPPO_TRANSIT","carrier":"shippo"}}`
	signature = "t=1700000000,v1=2b03ba574de836cbd583b9d823fd35d50c7e3ac75077410a07a3a373bca42ae0"
	sent      = 1700000000
)

func signed(body, signature string) carriers.Webhook {
	return carriers.Webhook{
		Header: http.Header{"Shippo-Auth-Signature": {signature}}, Body: []byte(body), ReceivedAt: time.Unix(sent+2, 0),
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	c := New(nil)
	accept := func(name string, w carriers.Webhook) {
		if err := c.Verify(account(), w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refuse := func(name string, a carriers.Account, w carriers.Webhook) {
		if err := c.Verify(a, w); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	accept("Shippo's own webhook", signed(event, signature))
	accept("with blanks between the parts", signed(event, strings.Replace(signature, ",", ", ", 1)))
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
	for _, seconds := range []int64{301, 1 << 40} {
		w := signed(event, signature)
		w.ReceivedAt = time.Unix(sent+seconds, 0)
		refuse("an old signature", account(), w)
	}
	w := signed(event, signature)
	w.ReceivedAt = time.Time{}
	refuse("an old signature, received now", account(), w)
	for _, other := range []string{"", "t=1700000000", "v1=2b03", signature[len("t=1700000000,"):]} {
		refuse("a signature of another form", account(), signed(event, other))
	}
	for _, secret := range []string{"", " ", "secret"} {
		other := account()
		other.Fields["webhook_secret"] = secret
		refuse("another secret", other, signed(event, signature))
	}
}

func TestVerifyToken(t *testing.T) {
	t.Parallel()
	c := New(nil)
	hook := func(query url.Values) carriers.Webhook {
		return carriers.Webhook{Header: http.Header{}, Query: query, Body: []byte(event)}
	}
	if err := c.Verify(account(), hook(url.Values{"token": {hookSecret}})); err != nil {
		t.Errorf("the token in the address: %v", err)
	}
	withBoth := hook(url.Values{"token": {hookSecret}})
	withBoth.Header.Set("Shippo-Auth-Signature", "t=1,v1=00")
	without := account()
	without.Fields["webhook_secret"] = ""
	for name, err := range map[string]error{
		"nothing":                         c.Verify(account(), hook(nil)),
		"an empty token":                  c.Verify(account(), hook(url.Values{"token": {""}})),
		"another token":                   c.Verify(account(), hook(url.Values{"token": {hookSecret + "x"}})),
		"half a token":                    c.Verify(account(), hook(url.Values{"token": {hookSecret[:4]}})),
		"the token beside a wrong header": c.Verify(account(), withBoth),
		"no secret":                       c.Verify(without, hook(url.Values{"token": {""}})),
	} {
		if !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	c := New(nil)
	body := `{"event":"track_updated","test":false,"data":` + fixture(t, "delivered.json") + `,"carrier":"usps"}`
	first, err := c.Read(account(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Read(account(), []byte(body))
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("the second reading differs: %v\n%s", err, diff)
	}
	n := first[0]
	if len(first) != 1 || n.ID != "" || n.Type != "track_updated" || n.Number != number || n.Service != "" {
		t.Errorf("Read() = %+v", first)
	}
	if n.Tracking == nil || n.Tracking.Header.Status != carriers.StatusDelivered || len(n.Tracking.Events) != 4 || n.Tracking.Service != "usps" {
		t.Errorf("tracking = %+v", n.Tracking)
	}
	for name, broken := range map[string]string{
		"nothing":          "",
		"half":             body[:len(body)/2],
		"no event":         `{}`,
		"null":             `null`,
		"no parcel":        `{"event":"track_updated"}`,
		"half a parcel":    `{"event":"track_updated","data":{"carrier":"ups"}}`,
		"a list as parcel": `{"event":"track_updated","data":[]}`,
	} {
		if got, err := c.Read(account(), []byte(broken)); err == nil {
			t.Errorf("%s: no error, got %+v", name, got)
		}
	}
	other, err := c.Read(account(), []byte(`{"event":"transaction_created","data":{"object_id":"1"}}`))
	if diff := cmp.Diff([]carriers.Notice{{Type: "transaction_created"}}, other); err != nil || diff != "" {
		t.Errorf("news of something else: %v\n%s", err, diff)
	}
	if diff := cmp.Diff(carriers.Acknowledgment{}, c.Acknowledge()); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(event))
	f.Add([]byte(`{"event":"track_updated","data":` + fixture(f, "half.json") + `}`))
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
