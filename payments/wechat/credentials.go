package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// probe is the number of an order that there is none of.
const probe = "tillpost-test"

// Test asks for an order that does not exist. That WeChat Pay says so, signed,
// proves that each side knows the other's key; no call that moves no money
// tells as much of the app id and the API v3 key.
func (p *Provider) Test(ctx context.Context, account payments.Account) error {
	m, wrong := newMerchant(account)
	switch {
	case wrong != nil:
		return errors.New(strings.TrimSuffix(wrong.message, "."))
	case len(account.Fields["apiv3_key"]) != apiv3KeyLength:
		return errAPIv3Key
	}
	x := p.call(ctx, m, http.MethodGet, orders+"out-trade-no/"+probe+"?"+url.Values{"mchid": {m.mchid}}.Encode(), nil)
	if _, found := x.trade(); found || x.says(absentCodes) {
		return nil
	}
	return errors.New(strings.TrimSuffix(x.refused().Message, "."))
}
