package main

import (
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/dhl"
	sandboxcarrier "github.com/tillpost/tillpost/carriers/sandbox"
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
		"dhl":     dhl.New(client),
		"sandbox": sandboxcarrier.New(client),
	}
}
