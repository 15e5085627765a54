package alipay

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestPay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		pay   string
		query string // empty: not asked
		want  payments.Outcome
		class payments.Class
		code  string
	}{
		{"paid", paidNow, "", payments.OutcomeSucceeded, "", ""},
		{"the customer must confirm", inProgress, "", payments.OutcomeProcessing, "", "10003"},
		{"another amount", strings.Replace(paidNow, "88.88", "88.89", 1), "", payments.OutcomeUnknown, "", "answer_mismatch"},
		{"another order", strings.Replace(paidNow, "att_1", "att_2", 1), "", payments.OutcomeUnknown, "", "answer_mismatch"},
		{"no amount", strings.Replace(paidNow, "total_amount", "other", 1), "", payments.OutcomeUnknown, "", "answer_mismatch"},
		{
			"another currency", strings.Replace(paidNow, `"code"`, `"trans_currency":"USD","code"`, 1), "",
			payments.OutcomeUnknown, "", "answer_mismatch",
		},
		{"the service is down", unavailable, "", payments.OutcomeUnknown, "", "isp.unknow-error"},
		{"no money", business("ACQ.BUYER_BALANCE_NOT_ENOUGH"), "", payments.OutcomeDeclined, payments.ClassLater, "ACQ.BUYER_BALANCE_NOT_ENOUGH"},
		{"an error of Alipay's", business("ACQ.SYSTEM_ERROR"), "", payments.OutcomeUnknown, "", "ACQ.SYSTEM_ERROR"},
		{
			"an old code, and no trade", business("ACQ.PAYMENT_AUTH_CODE_INVALID"), business(subNotExist),
			payments.OutcomeDeclined, payments.ClassFixData, "ACQ.PAYMENT_AUTH_CODE_INVALID",
		},
		{"a code used up by ourselves", business("ACQ.PAYMENT_AUTH_CODE_INVALID"), success, payments.OutcomeSucceeded, "", ""},
		{"a code used up, not confirmed", business("ACQ.PAYMENT_AUTH_CODE_INVALID"), waitingPay, payments.OutcomeProcessing, "", "10000"},
		{
			"an old code, and no answer", business("ACQ.PAYMENT_AUTH_CODE_INVALID"), unavailable,
			payments.OutcomeUnknown, "", "ACQ.PAYMENT_AUTH_CODE_INVALID",
		},
		{"paid before", business("ACQ.TRADE_HAS_SUCCESS"), success, payments.OutcomeSucceeded, "", ""},
		{"paid before, in another amount", business("ACQ.TRADE_HAS_SUCCESS"), strings.Replace(success, "88.88", "1.00", 1), payments.OutcomeUnknown, "", "answer_mismatch"},
		{"paid before, but not known", business("ACQ.TRADE_HAS_SUCCESS"), business(subNotExist), payments.OutcomeUnknown, "", "ACQ.TRADE_HAS_SUCCESS"},
		{"closed before", business("ACQ.TRADE_HAS_CLOSE"), closedNow, payments.OutcomeNotSent, "", "ACQ.TRADE_HAS_CLOSE"},
		{"other details", business("ACQ.CONTEXT_INCONSISTENT"), business(subNotExist), payments.OutcomeUnknown, "", "ACQ.CONTEXT_INCONSISTENT"},
		{"a reason not listed", business("ACQ.NEW"), business(subNotExist), payments.OutcomeDeclined, payments.ClassGeneric, "ACQ.NEW"},
		{"a reason not listed, but paid", business("ACQ.NEW"), success, payments.OutcomeSucceeded, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answers := map[string][]string{callPay: {tt.pay}}
			if tt.query != "" {
				answers[callQuery] = []string{tt.query}
			}
			_, account := script(t, answers)
			r := clock(0).Charge(t.Context(), account, testCharge())
			if r.Outcome != tt.want || r.Class != tt.class || r.Code != tt.code {
				t.Errorf("result = %+v", r)
			}
			if r.Outcome == payments.OutcomeSucceeded && (r.Amount != 8888 || r.ProviderReference != tradeNo) {
				t.Errorf("amount %d, reference %q", r.Amount, r.ProviderReference)
			}
			if r.Outcome != payments.OutcomeSucceeded && r.Message == "" || r.Raw == "" || r.HTTPStatus != http.StatusOK {
				t.Errorf("result = %+v", r)
			}
		})
	}
}

// A charge that an earlier answer named a trade of was sent, whatever is answered now.
func TestChargeAgain(t *testing.T) {
	t.Parallel()
	_, account := script(t, map[string][]string{callPay: {`{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature"}`}})
	charge := testCharge()
	if r := clock(0).Charge(t.Context(), account, charge); r.Outcome != payments.OutcomeNotSent || !r.Misconfigured {
		t.Errorf("the first time: %+v", r)
	}
	charge.ProviderReference = tradeNo
	if r := clock(0).Charge(t.Context(), account, charge); r.Outcome != payments.OutcomeUnknown {
		t.Errorf("again: %+v", r)
	}
}

func TestChargeTooLate(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]string{callQuery: {success}})
	for _, charge := range []payments.Charge{testCharge(), pageCharge(), qrCharge()} {
		if r := clock(2*time.Hour).Charge(t.Context(), account, charge); r.Outcome != payments.OutcomeSucceeded {
			t.Errorf("result = %+v", r)
		}
	}
	if diff := cmp.Diff([]string{"query", "query", "query"}, s.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestPaySends(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]string{callPay: {paidNow}, callPrecreate: {precreated}})
	charge := testCharge()
	charge.NotifyURL, charge.Description = "https://tillpost.example/hooks/gwa_1", "Tea & more = 5/6 杯"
	clock(0).Charge(t.Context(), account, charge)
	qr := qrCharge()
	qr.Description = ""
	r := clock(90*time.Second).Charge(t.Context(), account, qr)
	want := []url.Values{
		{
			"app_id": {appID}, "method": {callPay}, "format": {"JSON"}, "charset": {"utf-8"}, "sign_type": {"RSA2"}, "version": {"1.0"},
			"timestamp": {"2026-03-01 12:00:00"}, "notify_url": {"https://tillpost.example/hooks/gwa_1"},
			"biz_content": {`{"out_trade_no":"att_1","total_amount":"88.88","subject":"Tea more 5 6 杯","scene":"bar_code",` +
				`"auth_code":"28763443825664394","timeout_express":"5m","passback_params":"payment_id=pay_1"}`},
		},
		{
			"app_id": {appID}, "method": {callPrecreate}, "format": {"JSON"}, "charset": {"utf-8"}, "sign_type": {"RSA2"}, "version": {"1.0"},
			"timestamp": {"2026-03-01 12:01:30"},
			"biz_content": {`{"out_trade_no":"att_1","total_amount":"88.88","subject":"Order A-7",` +
				`"time_expire":"2026-03-01 13:00:00","passback_params":"payment_id=pay_1"}`},
		},
	}
	for i, form := range s.seen {
		if err := verify(&merchantKey().PublicKey, []byte(content(form, "sign")), form.Get("sign")); err != nil {
			t.Errorf("%s: %v", form.Get("method"), err)
		}
		form.Del("sign")
		if diff := cmp.Diff(want[i], form); diff != "" {
			t.Errorf("form (-want +got):\n%s", diff)
		}
	}
	action := &payments.NextAction{Type: "qr_code", URL: qrCode, ExpiresAt: at.Add(time.Hour)}
	if diff := cmp.Diff(action, r.NextAction); diff != "" || r.Outcome != payments.OutcomeRequiresAction || r.ProviderReference != qrCode {
		t.Errorf("result = %+v (-want +got):\n%s", r, diff)
	}
}

func TestPageAddress(t *testing.T) {
	t.Parallel()
	charge := pageCharge()
	charge.NotifyURL = "https://tillpost.example/hooks/gwa_1"
	p := New(noNetwork())
	p.now = func() time.Time { return at.Add(time.Minute) }
	r := p.Charge(t.Context(), testAccount(""), charge)
	if r.Outcome != payments.OutcomeRequiresAction || r.NextAction.Type != "redirect" || !r.NextAction.ExpiresAt.Equal(at.Add(time.Hour)) {
		t.Fatalf("result = %+v", r)
	}
	address, query, _ := strings.Cut(r.NextAction.URL, "?")
	form, err := url.ParseQuery(query)
	if err != nil || address != "https://openapi.alipay.com/gateway.do" {
		t.Fatalf("address %s, %v", address, err)
	}
	if err := verify(&merchantKey().PublicKey, []byte(content(form, "sign")), form.Get("sign")); err != nil {
		t.Error(err)
	}
	form.Del("sign")
	want := url.Values{
		"app_id": {appID}, "method": {callPage}, "format": {"JSON"}, "charset": {"utf-8"}, "sign_type": {"RSA2"}, "version": {"1.0"},
		"timestamp": {"2026-03-01 12:01:00"}, "return_url": {"https://shop.example/thanks"}, "notify_url": {charge.NotifyURL},
		"biz_content": {`{"out_trade_no":"att_1","total_amount":"88.88","subject":"Order A-7","product_code":"FAST_INSTANT_TRADE_PAY",` +
			`"time_expire":"2026-03-01 13:00:00","passback_params":"payment_id=pay_1"}`},
	}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if strings.Contains(r.NextAction.URL, url.QueryEscape(privateText(merchantKey()))) {
		t.Error("the address gives the private key away")
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	good := testAccount("")
	address := good
	address.BaseURL = "alipay.example"
	charge := func(change func(*payments.Charge)) payments.Charge {
		c := testCharge()
		change(&c)
		return c
	}
	tests := []struct {
		name     string
		account  payments.Account
		charge   payments.Charge
		wantCode string
	}{
		{"no app id", changed(good, "app_id", " "), testCharge(), "app_id_missing"},
		{"no private key", changed(good, "private_key", "x!"), testCharge(), "private_key_invalid"},
		{"no public key", changed(good, "alipay_public_key", ""), testCharge(), "alipay_public_key_invalid"},
		{"no web address", address, testCharge(), "base_url_invalid"},
		{"not yuan", good, charge(func(c *payments.Charge) { c.Currency = "EUR" }), "currency_not_supported"},
		{"a card", good, charge(func(c *payments.Charge) { c.MethodType = "card" }), "method_not_supported"},
		{"to be captured later", good, charge(func(c *payments.Charge) { c.Capture = false }), "capture_not_supported"},
		{"nothing", good, charge(func(c *payments.Charge) { c.Amount = 0 }), "amount_invalid"},
		{"too much", good, charge(func(c *payments.Charge) { c.Amount = maxFen + 1 }), "amount_invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := New(noNetwork())
			if r := p.Charge(t.Context(), tt.account, tt.charge); r.Outcome != payments.OutcomeNotSent || !r.Misconfigured || r.Code != tt.wantCode || r.Message == "" {
				t.Errorf("charge = %+v", r)
			}
			for _, r := range []payments.Result{p.Lookup(t.Context(), tt.account, tt.charge), p.Cancel(t.Context(), tt.account, tt.charge)} {
				if r.Outcome != payments.OutcomeUnknown || r.Code != tt.wantCode {
					t.Errorf("look-up = %+v", r)
				}
			}
		})
	}
}

// An address with the gateway's file, as Alipay's documents have it, is one without.
func TestGateway(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"", "https://openapi.alipay.com", "https://openapi.alipay.com/", "https://openapi.alipay.com/gateway.do",
	} {
		s, wrong := open(testAccount(base))
		if wrong != nil || s.gateway != "https://openapi.alipay.com/gateway.do" {
			t.Errorf("gateway of %q: %+v, %+v", base, s, wrong)
		}
	}
}
