package dhlparcelde

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// returns are causes that make a forwarding or a hold the way back.
var returns = map[string]bool{"RTSCR": true, "RTSSA": true, "RTTSP": true}

// meaningOf reads what happened (ice), why (ric), the coarse standard code, and
// whether the parcel is on its way back. An ICE code decides where it can, since
// DHL files some under odd standard codes: disposed parcels under "delivered",
// parcels kept from the courier under "in delivery". Codes that are not in the
// tables move nothing.
func meaningOf(ice, ric, standard string, back bool) meaning {
	ice, ric, standard = strings.ToUpper(ice), strings.ToUpper(ric), strings.ToUpper(standard)
	m, known := events[ice]
	switch {
	case ice != "" && !known:
		return meaning{status: carriers.StatusInfo}
	case m.status == "": // told by the standard code, or by nothing
		m = standards[standard]
	}
	switch {
	case ice == "DLVRD" && standard == "":
		m = meaning{status: carriers.StatusDelivered}
	case m.status == "":
		return meaning{status: carriers.StatusInfo}
	case m.status == carriers.StatusDelivered && ice != "DLVRD" && ice != "":
		return meaning{status: carriers.StatusInfo}
	case ice == "LDTMV" && standard == "ZF": // on the way to an outlet
		m.status = carriers.StatusInTransit
	case ice == "NTDEL" && standard == "PO": // back at the depot, without having been at the door
		m = meaning{carriers.StatusInTransit, carriers.ReasonDelay}
	case ice == "EXPHD" && standard == "PO", ice == "DMGDS" && (standard == "AA" || standard == "EE"):
		m.status = carriers.StatusInTransit
	}
	if returns[ric] && m.status != carriers.StatusInfo {
		m = meaning{status: carriers.StatusReturning}
	}
	if back {
		m = onTheWayBack(m)
	}
	return m.because(ric)
}

// onTheWayBack is what a scan means for a parcel that returns to its sender.
func onTheWayBack(m meaning) meaning {
	switch m.status {
	case carriers.StatusDelivered:
		m.status = carriers.StatusReturned
	case carriers.StatusPickedUp, carriers.StatusInTransit, carriers.StatusOutForDelivery:
		m.status = carriers.StatusReturning
	default:
	}
	return m
}

// because adds the cause where it says more, and where there can be one.
func (m meaning) because(ric string) meaning {
	switch m.status {
	case carriers.StatusInTransit, carriers.StatusDeliveryFailed, carriers.StatusException, carriers.StatusReturning:
		if reason := causes[ric]; reason != "" && m.reason != carriers.ReasonDestroyed && m.reason != carriers.ReasonSeized {
			m.reason = reason
		}
	default:
	}
	return m
}
