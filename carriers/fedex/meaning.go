package fedex

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// meaningOf goes by the event's type, which refines the summary code. Of several
// reasons the first that says more than "late" counts.
func meaningOf(eventType, derived, exception text, d delay) (carriers.Status, carriers.Reason) {
	coarse := byDerivedCode[strings.ToUpper(string(derived))]
	m, ok := byEventType[strings.ToUpper(string(eventType))]
	if !ok {
		m = coarse
	}
	if m.status == "" || m.status == carriers.StatusInfo {
		return carriers.StatusInfo, ""
	}
	if m.status == carriers.StatusDelivered || m.status == carriers.StatusCanceled {
		return m.status, ""
	}
	var late carriers.Reason
	for _, reason := range []carriers.Reason{m.reason, byExceptionCode[string(exception)], d.reason(), coarse.reason} {
		switch reason {
		case "":
		case carriers.ReasonDelay:
			late = reason
		default:
			return m.status, reason
		}
	}
	return m.status, late
}

func (d delay) reason() carriers.Reason {
	if !strings.EqualFold(string(d.Status), "DELAYED") {
		return ""
	}
	if reason := byDelayType[strings.ToUpper(string(d.Type))]; reason != "" {
		return reason
	}
	return carriers.ReasonDelay
}
