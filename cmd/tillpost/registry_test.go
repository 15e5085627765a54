package main

import (
	"slices"
	"testing"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
)

func TestWebhookSecretsAreOfUse(t *testing.T) {
	t.Parallel()
	adapters := carrierAdapters()
	for _, kind := range credentials.Kinds(credentials.Carriers) {
		asked := slices.ContainsFunc(kind.Fields, func(f credentials.Field) bool { return f.Name == "webhook_secret" })
		if _, tells := adapters[kind.Name].(carriers.Notifier); asked && !tells {
			t.Errorf("an account of %s is asked for the secret of webhooks that are never sent", kind.Name)
		}
	}
}
