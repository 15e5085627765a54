package main

import (
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/aftership"
	"github.com/tillpost/tillpost/carriers/australiapost"
	"github.com/tillpost/tillpost/carriers/canadapost"
	"github.com/tillpost/tillpost/carriers/dhl"
	"github.com/tillpost/tillpost/carriers/dhlparcelde"
	"github.com/tillpost/tillpost/carriers/dpd"
	"github.com/tillpost/tillpost/carriers/easypost"
	"github.com/tillpost/tillpost/carriers/fedex"
	"github.com/tillpost/tillpost/carriers/gls"
	"github.com/tillpost/tillpost/carriers/kuaidi100"
	"github.com/tillpost/tillpost/carriers/laposte"
	"github.com/tillpost/tillpost/carriers/royalmail"
	sandboxcarrier "github.com/tillpost/tillpost/carriers/sandbox"
	"github.com/tillpost/tillpost/carriers/seventeentrack"
	"github.com/tillpost/tillpost/carriers/sf"
	"github.com/tillpost/tillpost/carriers/shippo"
	"github.com/tillpost/tillpost/carriers/ups"
	"github.com/tillpost/tillpost/carriers/usps"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/payments/adyen"
	"github.com/tillpost/tillpost/payments/alipay"
	"github.com/tillpost/tillpost/payments/paypal"
	sandboxprovider "github.com/tillpost/tillpost/payments/sandbox"
	"github.com/tillpost/tillpost/payments/stripe"
	"github.com/tillpost/tillpost/payments/wechat"
	"github.com/tillpost/tillpost/safehttp"
)

// Calls of providers and carriers are bounded by the services' own timeouts;
// the clients' are above them, so that the services' decide.
const clientTimeout = 45 * time.Second

// maxAnswer is the most that a provider's or carrier's answer may have.
const maxAnswer = 4 << 20

// providers are the payment providers, by account kind.
func providers() map[string]payments.Provider {
	client := safehttp.New(safehttp.Options{Timeout: clientTimeout, MaxBody: maxAnswer})
	client.Transport = payments.Record(client.Transport)
	return map[string]payments.Provider{
		"stripe":  stripe.New(client),
		"adyen":   adyen.New(client),
		"paypal":  paypal.New(client),
		"alipay":  alipay.New(client),
		"wechat":  wechat.New(client),
		"sandbox": sandboxprovider.New(client),
	}
}

// carrierAdapters are the carriers, by account kind.
func carrierAdapters() map[string]carriers.Carrier {
	client := safehttp.New(safehttp.Options{Timeout: clientTimeout, MaxBody: maxAnswer})
	return map[string]carriers.Carrier{
		"dhl":            dhl.New(client),
		"ups":            ups.New(client),
		"fedex":          fedex.New(client),
		"usps":           usps.New(client),
		"royalmail":      royalmail.New(client),
		"canadapost":     canadapost.New(client),
		"australiapost":  australiapost.New(client),
		"dhl_parcel_de":  dhlparcelde.New(client),
		"dpd":            dpd.New(client),
		"laposte":        laposte.New(client),
		"gls":            gls.New(client),
		"sf":             sf.New(client),
		"kuaidi100":      kuaidi100.New(client),
		"seventeentrack": seventeentrack.New(client),
		"easypost":       easypost.New(client),
		"aftership":      aftership.New(client),
		"shippo":         shippo.New(client),
		"sandbox":        sandboxcarrier.New(client),
	}
}
