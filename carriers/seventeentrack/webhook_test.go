package seventeentrack

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
)

// The signed example of a webhook.
const (
	vectorBody  = `{"event":"TRACKING_UPDATED","data":{"number":"RR123456785CN","carrier":3011,"track_info":{"latest_status":{"status":"InTransit","sub_status":"InTransit_Other"}}}}`
	vectorToken = "demo17token"
	vectorSign  = "d30abcfbd808122ea0809854aa848e83a7336ea65d42bd1cd036428ac8e4ab05"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	verify := func(body, signature, token string) error {
		w := carriers.Webhook{Body: []byte(body), Header: http.Header{}}
		if signature != "" {
			w.Header.Set("sign", signature)
		}
		return New(nil).Verify(carriers.Account{Fields: map[string]string{"token": token}}, w)
	}
	if err := verify(vectorBody, vectorSign, vectorToken); err != nil {
		t.Error(err)
	}
	flipped := func(s string, i int) string { return s[:i] + string(s[i]^1) + s[i+1:] }
	for i := range vectorBody {
		if err := verify(flipped(vectorBody, i), vectorSign, vectorToken); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("byte %d of the body flipped: %v", i, err)
		}
	}
	for i := range vectorSign {
		if err := verify(vectorBody, flipped(vectorSign, i), vectorToken); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("byte %d of the signature flipped: %v", i, err)
		}
	}
	for name, err := range map[string]error{
		"no token":      verify(vectorBody, vectorSign, " "),
		"another token": verify(vectorBody, vectorSign, "demo17token2"),
		"no signature":  verify(vectorBody, "", vectorToken),
		"upper case":    verify(vectorBody, strings.ToUpper(vectorSign), vectorToken),
	} {
		if !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// updated is a webhook about the parcel of a fixture.
func updated(t testing.TB) []byte {
	t.Helper()
	_, parcel, _ := strings.Cut(fixture(t, "delivered.json"), `"accepted": [`)
	parcel, _, _ = strings.Cut(parcel, `"rejected"`)
	parcel = strings.TrimSuffix(strings.TrimSpace(parcel), "],")
	return []byte(`{"event":"TRACKING_UPDATED","data":` + parcel + `}`)
}

func TestRead(t *testing.T) {
	t.Parallel()
	c, body := New(nil), updated(t)
	got, err := c.Read(account(), body)
	again, errAgain := c.Read(account(), body)
	if err != nil || errAgain != nil {
		t.Fatal(err, errAgain)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("read twice (-first +second):\n%s", diff)
	}
	answers, _, failure := parse([]byte(fixture(t, "delivered.json")), []carriers.Parcel{{Number: delivered}})
	if failure != nil || answers[0].Err != nil {
		t.Fatal(failure, answers)
	}
	got[0].Tracking.Raw, answers[0].Tracking.Raw = nil, nil
	want := []carriers.Notice{{Type: "TRACKING_UPDATED", Number: delivered, Tracking: answers[0].Tracking}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read() (-want +got):\n%s", diff)
	}
}

func TestReadOthers(t *testing.T) {
	t.Parallel()
	c := New(nil)
	got, err := c.Read(account(), []byte(`{"event":"TRACKING_STOPPED","data":{"number":"A1","carrier":3011,"tag":""}}`))
	if diff := cmp.Diff([]carriers.Notice{{Type: "TRACKING_STOPPED", Number: "A1"}}, got); diff != "" || err != nil {
		t.Errorf("the end of following: %v (-want +got):\n%s", err, diff)
	}
	whole := updated(t)
	for name, body := range map[string]string{
		"half": string(whole[:len(whole)/2]), "nothing": "", "a list": "[]", "no parcel": `{"event":"TRACKING_UPDATED","data":{}}`, "null": "null",
	} {
		if got, err := c.Read(account(), []byte(body)); err == nil {
			t.Errorf("%s: no error, %d notices", name, len(got))
		}
	}
	if got := c.Acknowledge(); got != (carriers.Acknowledgment{}) {
		t.Errorf("Acknowledge() = %+v", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(updated(f))
	f.Add([]byte(vectorBody))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := New(nil)
		got, err := c.Read(account(), body)
		again, errAgain := c.Read(account(), body)
		if (err == nil) != (errAgain == nil) || cmp.Diff(got, again) != "" {
			t.Fatalf("read twice: %v, %v", err, errAgain)
		}
		if (err == nil) != (len(got) == 1) {
			t.Fatalf("%v, %+v", err, got)
		}
	})
}
