package shippo

import "github.com/tillpost/tillpost/carriers"

// statuses are Shippo's, see https://docs.goshippo.com/docs/tracking/tracking/.
// "UNKNOWN" says that the carrier does not know the parcel. "RETURNED" stands on
// the way back and at its end.
var statuses = map[string]carriers.Status{
	"PRE_TRANSIT": carriers.StatusInfoReceived,
	"TRANSIT":     carriers.StatusInTransit,
	"DELIVERED":   carriers.StatusDelivered,
	"RETURNED":    carriers.StatusReturning,
	"FAILURE":     carriers.StatusException,
}

type outcome struct {
	status carriers.Status // within TRANSIT; empty: that of TRANSIT
	reason carriers.Reason
}

// substatuses say more than the status where they stand here. Their list is on
// the same page; few were seen in an answer yet.
var substatuses = map[string]outcome{
	"address_issue":         {"", carriers.ReasonAddressProblem},
	"delayed":               {"", carriers.ReasonDelay},
	"delivery_attempted":    {carriers.StatusDeliveryFailed, ""},
	"location_inaccessible": {"", carriers.ReasonAccessRestricted},
	"notice_left":           {carriers.StatusDeliveryFailed, ""},
	"out_for_delivery":      {carriers.StatusOutForDelivery, ""},
	"package_accepted":      {carriers.StatusPickedUp, ""},
	"package_damaged":       {carriers.StatusException, carriers.ReasonDamaged},
	"package_disposed":      {carriers.StatusException, carriers.ReasonDestroyed},
	"package_forwarded":     {"", carriers.ReasonRedirected},
	"package_held":          {"", carriers.ReasonHeld},
	"package_lost":          {carriers.StatusException, carriers.ReasonLost},
	"package_unclaimed":     {carriers.StatusException, carriers.ReasonUnclaimed},
	"package_undeliverable": {carriers.StatusException, carriers.ReasonUndeliverable},
	"pickup_available":      {carriers.StatusAvailableForPickup, ""},
	"reschedule_delivery":   {"", carriers.ReasonActionRequired},
	"return_to_sender":      {carriers.StatusReturning, ""},
}

// meaning reads a scan. A parcel on its way for which somebody must act is an
// exception, unless its substatus says what is to be done.
func (s scan) meaning() (carriers.Status, carriers.Reason) {
	status, known := statuses[string(s.Status)]
	if !known {
		return carriers.StatusInfo, ""
	}
	sub := s.Substatus.V
	finer := substatuses[string(sub.Code)]
	switch status {
	case carriers.StatusReturning:
		return status, finer.reason
	case carriers.StatusException:
		if finer.status == carriers.StatusReturning {
			return finer.status, ""
		}
		return status, finer.reason
	case carriers.StatusInTransit:
		switch {
		case finer.status != "":
			return finer.status, finer.reason
		case !sub.ActionRequired.V:
			return status, finer.reason
		case finer.reason == "":
			return carriers.StatusException, carriers.ReasonActionRequired
		default:
			return carriers.StatusException, finer.reason
		}
	default:
		return status, ""
	}
}

// tokens are Shippo's of the carriers that we know by code, see
// https://docs.goshippo.com/shippoapi/public-api/carriers. Shippo must be told
// the carrier: DHL is Express there, DPD and DHL's parcel service are German, La
// Poste is Colissimo. It knows neither GLS in Europe nor SF. Only usps was seen
// in an answer.
var tokens = map[string]string{
	"dhl":           "dhl_express",
	"dhl_parcel_de": "dhl_germany",
	"ups":           "ups",
	"fedex":         "fedex",
	"usps":          "usps",
	"royalmail":     "royal_mail",
	"canadapost":    "canada_post",
	"australiapost": "australia_post",
	"dpd":           "dpd_de",
	"laposte":       "colissimo",
}
