package carriers

import (
	"testing"

	"github.com/tillpost/tillpost/models"
)

// What customers are mailed about is what the carriers' reasons say they must do.
func TestCustomersAreToldWhenSomebodyMustAct(t *testing.T) {
	t.Parallel()
	for _, reason := range []Reason{
		"", ReasonDelay, ReasonWeather, ReasonCustoms, ReasonCustomsDocuments, ReasonCustomsDuties, ReasonAddressProblem,
		ReasonRecipientUnavailable, ReasonRecipientRefused, ReasonSignatureRequired, ReasonPaymentDue, ReasonRedirected, ReasonHeld,
		ReasonSecurityCheck, ReasonAccessRestricted, ReasonDamaged, ReasonLost, ReasonSeized, ReasonDestroyed, ReasonUndeliverable,
		ReasonMisrouted, ReasonUnclaimed, ReasonActionRequired,
	} {
		if got, want := models.CustomerMustAct(string(reason)), reason.ActionRequired(); got != want {
			t.Errorf("%q: %v, want %v", reason, got, want)
		}
	}
}
