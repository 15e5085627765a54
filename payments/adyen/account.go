package adyen

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

const (
	version  = "/v71"
	testHost = "https://checkout-test.adyen.com"
	liveHost = "https://%s-checkout-live.adyenpayments.com/checkout"
)

// livePrefix is what Adyen gives out; anything else could lead to another host.
var livePrefix = regexp.MustCompile(`^[0-9A-Za-z]+(-[0-9A-Za-z]+)*$`)

var (
	errPrefix = errors.New("the live prefix is not the one that Adyen gave out: it has letters, digits and dashes only")
	errBase   = errors.New("the Adyen account's base address is not a web address")
)

// endpoint is where an account's calls go, without the end of their paths.
func endpoint(account payments.Account) (string, error) {
	prefix := account.Fields["live_prefix"]
	switch {
	case account.BaseURL == "" && prefix == "":
		return testHost + version, nil
	case account.BaseURL == "" && !livePrefix.MatchString(prefix):
		return "", errPrefix
	case account.BaseURL == "":
		return fmt.Sprintf(liveHost, prefix) + version, nil
	}
	u, err := url.Parse(account.BaseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errBase
	}
	return strings.TrimSuffix(strings.TrimSuffix(account.BaseURL, "/"), version) + version, nil
}

// check refuses what no call could be made with.
func check(account payments.Account) (payments.Result, bool) {
	_, err := endpoint(account)
	var code, message string
	switch {
	case account.Fields["api_key"] == "":
		code, message = "api_key_missing", "The Adyen account has no API key."
	case account.Fields["merchant_account"] == "":
		code, message = "merchant_account_missing", "The name of the merchant account at Adyen is missing."
	case errors.Is(err, errPrefix):
		code, message = "live_prefix_invalid", "The live prefix of the Adyen account has other signs than letters, digits and dashes."
	case err != nil:
		code, message = "base_url_invalid", "The Adyen account's base address is not a web address."
	default:
		return payments.Result{}, true
	}
	r := refusal(code, message)
	r.Misconfigured = true
	return r, false
}

// refusal is the result of what was not even sent.
func refusal(code, message string) payments.Result {
	return payments.Result{Outcome: payments.OutcomeNotSent, Code: code, Message: message}
}

// Test checks the API key and the merchant account by asking for the ways to
// pay, and the form of the HMAC key, which only a webhook can prove right.
func (p *Provider) Test(ctx context.Context, account payments.Account) error {
	if r, ok := check(account); !ok {
		return errors.New(strings.TrimSuffix(r.Message, "."))
	}
	if key := account.Fields["hmac_key"]; key != "" {
		if _, err := hmacKey(account); err != nil {
			return err
		}
	}
	x := p.call(ctx, account, "/paymentMethods", "", map[string]string{"merchantAccount": account.Fields["merchant_account"]})
	if _, ok := decode[struct{}](x); ok {
		return nil
	}
	switch x.status {
	case http.StatusUnauthorized:
		return errors.New("Adyen refused the API key") //nolint:staticcheck // a name is written with a capital
	case http.StatusForbidden:
		return errors.New("the API key may not be used for this merchant account, or lacks the role for payments")
	case 0:
		return fmt.Errorf("Adyen did not answer: %s", reach[safehttp.Classify(x.err)]) //nolint:staticcheck // likewise
	default:
		return fmt.Errorf("Adyen's answer cannot be used: %d %s", x.status, http.StatusText(x.status)) //nolint:staticcheck // likewise
	}
}
