package paymentstest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

// ability is an optional interface of package payments.
type ability struct {
	name  string
	has   func(payments.Provider) bool
	needs func(Setup) bool // what the fake must tell for it
}

func has[T any](p payments.Provider) bool {
	_, ok := p.(T)
	return ok
}

func nothing(Setup) bool { return true }

var abilities = []ability{
	{"Tester", has[payments.Tester], nothing},
	{"Capturer", has[payments.Capturer], func(s Setup) bool { return s.Captured != nil && s.Released != nil }},
	{"Canceler", has[payments.Canceler], nothing},
	{"Refunder", has[payments.Refunder], func(s Setup) bool { return s.Refunded != nil }},
	{"Notifier", has[payments.Notifier], func(s Setup) bool {
		return s.Webhooks != nil && len(s.Tells) > 0 && s.Stranger.Fields != nil && len(s.Strange) > 0
	}},
	{"Lister", has[payments.Lister], func(s Setup) bool { return s.Webhooks != nil }},
}

// optional runs the tests of the optional interfaces that the provider has;
// what it lacks must be stated, so that nothing is left out by mistake.
func (run runner) optional(t *testing.T) {
	t.Helper()
	s := run.setup(t)
	provider := s.New(http.DefaultClient)
	has := make(map[string]bool)
	for _, a := range abilities {
		has[a.name] = a.has(provider)
		switch {
		case has[a.name] == slices.Contains(s.Lacks, a.name):
			t.Errorf("the provider is a %s: %v; Setup.Lacks says otherwise", a.name, has[a.name])
		case has[a.name] && !a.needs(s):
			t.Errorf("Setup lacks what the tests of a %s need", a.name)
			has[a.name] = false
		}
	}
	for _, name := range s.Lacks {
		if !slices.ContainsFunc(abilities, func(a ability) bool { return a.name == name }) {
			t.Errorf("Setup.Lacks names %q, which is no optional interface", name)
		}
	}
	tests := []struct {
		needs []string
		name  string
		run   func(*testing.T)
	}{
		{[]string{"Tester"}, "credentials are tested", run.credentials},
		{[]string{"Capturer"}, "an amount is authorized", run.authorize},
		{[]string{"Capturer"}, "an authorized amount is captured", run.capture},
		{[]string{"Capturer"}, "the answer to a capture or a void is lost", run.lostModification},
		{[]string{"Capturer"}, "an authorized amount is released", run.void},
		{[]string{"Canceler"}, "a charge is canceled", run.cancel},
		{[]string{"Refunder"}, "a charge is refunded", run.refund},
		{[]string{"Refunder"}, "the answer to a refund is lost", run.lostRefund},
		{[]string{"Refunder"}, "a refund takes a while", run.laterRefund},
		{[]string{"Refunder"}, "a refund is looked up", run.lookupRefund},
		{[]string{"Refunder"}, "refunds through a broken network", run.refundChaos},
		{[]string{"Notifier"}, "webhooks are the provider's own", run.verify},
		{[]string{"Notifier"}, "webhooks tell of charges", run.noticeCharge},
		{[]string{"Notifier", "Capturer"}, "webhooks tell of captures and voids", run.noticeModification},
		{[]string{"Notifier", "Refunder"}, "webhooks tell of refunds", run.noticeRefund},
		{[]string{"Notifier"}, "webhooks tell of disputes", run.noticeDispute},
		{[]string{"Notifier"}, "webhooks without meaning", run.strange},
		{[]string{"Lister"}, "webhooks are caught up on", run.list},
	}
	for _, test := range tests {
		if !slices.ContainsFunc(test.needs, func(name string) bool { return !has[name] }) {
			t.Run(test.name, test.run)
		}
	}
}
