package kuaidi100

import (
	"errors"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
)

// The signed example of a push, and the signed example of a query.
const (
	vectorParam = `{"status":"polling","message":"","lastResult":{"state":"0","nu":"YT0000000000001","com":"yuantong","data":[]}}`
	vectorSign  = "896D74CCE18F143038EC39F4F61ED15D"
	vectorSalt  = "demoSalt"
)

func form(param, signature string) []byte {
	return []byte(url.Values{"param": {param}, "sign": {signature}}.Encode())
}

func TestSign(t *testing.T) {
	t.Parallel()
	got := sign(`{"com":"yuantong","num":"YT0000000000001","phone":"","resultv2":"4","show":"0","order":"desc"}` + "demoKey12345" + "DEMOCUSTOMER0000")
	if want := "B8214DA1DD9BACAD0ED94B84AF838376"; got != want {
		t.Errorf("sign() = %s, want %s", got, want)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	verify := func(body []byte, salt string) error {
		a := carriers.Account{Fields: map[string]string{"salt": salt}}
		return New(nil).Verify(a, carriers.Webhook{Body: body})
	}
	good := form(vectorParam, vectorSign)
	if err := verify(good, vectorSalt); err != nil {
		t.Error(err)
	}
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 1
		if err := verify(bad, vectorSalt); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
	for name, err := range map[string]error{
		"no salt":             verify(good, " "),
		"another salt":        verify(good, "demoSalt2"),
		"signed without salt": verify(form(vectorParam, sign(vectorParam)), ""),
		"lower case":          verify(form(vectorParam, "896d74cce18f143038ec39f4f61ed15d"), vectorSalt),
		"no signature":        verify(form(vectorParam, ""), vectorSalt),
		"two params":          verify(append(good, "&param=x"...), vectorSalt),
		"nothing":             verify(nil, vectorSalt),
		"no form":             verify([]byte("%zz"), vectorSalt),
	} {
		if !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	c, body := New(nil), form(fixture(t, "push.json"), "X")
	got, err := c.Read(account(), body)
	again, errAgain := c.Read(account(), body)
	if err != nil || errAgain != nil {
		t.Fatal(err, errAgain)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("read twice (-first +second):\n%s", diff)
	}
	got[0].Tracking.Raw = nil
	golden(t, "push", got)
}

func TestReadEnds(t *testing.T) {
	t.Parallel()
	c := New(nil)
	got, err := c.Read(account(), form(`{"status":"abort","message":"3天查询无记录","lastResult":{"nu":"YT1","com":"yuantong","data":null}}`, "X"))
	want := []carriers.Notice{{Type: "abort", Number: "YT1"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("the end of a subscription: %v (-want +got):\n%s", err, diff)
	}
	whole := fixture(t, "push.json")
	for name, body := range map[string][]byte{
		"half":      form(whole[:len(whole)/2], "X"),
		"cut off":   form(whole, "X")[:len(whole)/2],
		"a list":    form("[]", "X"),
		"no parcel": form(`{"status":"polling"}`, "X"),
		"JSON":      []byte(whole),
		"nothing":   nil,
	} {
		if got, err := c.Read(account(), body); err == nil {
			t.Errorf("%s: no error, %d notices", name, len(got))
		}
	}
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	want := carriers.Acknowledgment{
		Status: 200, ContentType: "application/json", Body: `{"result":true,"returnCode":"200","message":"success"}`,
	}
	if diff := cmp.Diff(want, New(nil).Acknowledge()); diff != "" {
		t.Errorf("Acknowledge() (-want +got):\n%s", diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(form(fixture(f, "push.json"), "X"))
	f.Add(form(vectorParam, vectorSign))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := New(nil)
		got, err := c.Read(account(), body)
		again, errAgain := c.Read(account(), body)
		if (err == nil) != (errAgain == nil) || cmp.Diff(got, again) != "" {
			t.Fatalf("read twice: %v, %v", err, errAgain)
		}
		if (err == nil) != (len(got) == 1) || (err == nil && got[0].Number == "") {
			t.Fatalf("%v, %+v", err, got)
		}
	})
}
