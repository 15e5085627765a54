package alipay

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// nothing is an order number that stands for no trade.
const nothing = "tillpost_credentials_test"

// Test asks for a trade that does not exist: that Alipay says so, signed, takes
// the right app id and both keys.
func (p *Provider) Test(ctx context.Context, account payments.Account) error {
	s, wrong := open(account)
	if wrong != nil {
		return errors.New(wrong.message)
	}
	x := p.call(ctx, s, callQuery, tradeRef{nothing}, "")
	switch {
	case x.succeeded(), x.noTrade():
		return nil
	case x.verified:
		r, _ := x.refusal(nil)
		return fmt.Errorf("%s (%s)", r.Message, r.Code)
	case x.status == 0:
		return fmt.Errorf("Alipay did not answer: %s", safehttp.Classify(x.err)) //nolint:staticcheck // a name is written with a capital
	case x.status == http.StatusOK && x.err == nil:
		return errors.New("the answer is not signed with Alipay's public key: check it, and the app id")
	default:
		return fmt.Errorf("Alipay answered %d %s", x.status, http.StatusText(x.status)) //nolint:staticcheck // likewise
	}
}
