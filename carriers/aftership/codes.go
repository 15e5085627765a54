package aftership

import "github.com/tillpost/tillpost/carriers"

type outcome struct {
	status carriers.Status
	reason carriers.Reason
}

// tags are AfterShip's statuses, see
// https://www.aftership.com/docs/tracking/enum/delivery-statuses. "Pending" and
// "Expired" say what AfterShip knows, not what happens to the parcel.
var tags = map[string]outcome{
	"Pending":            {carriers.StatusInfo, ""},
	"Expired":            {carriers.StatusInfo, ""},
	"InfoReceived":       {carriers.StatusInfoReceived, ""},
	"InTransit":          {carriers.StatusInTransit, ""},
	"OutForDelivery":     {carriers.StatusOutForDelivery, ""},
	"AttemptFail":        {carriers.StatusDeliveryFailed, ""},
	"AvailableForPickup": {carriers.StatusAvailableForPickup, ""},
	"Delivered":          {carriers.StatusDelivered, ""},
	"Exception":          {carriers.StatusException, ""},
}

// subtags say more than their tag where they stand here, see
// https://www.aftership.com/docs/tracking/enum/delivery-sub-statuses, and for
// those from Exception_016 on
// https://support.aftership.com/en/article/learn-about-delivery-sub-statuses-1b0hdlx/
// (not seen in an answer yet). A delay is a reason: the parcel is still on its
// way. A call to the recipient or an appointment moves nothing.
var subtags = map[string]outcome{
	"InTransit_002":      {carriers.StatusPickedUp, ""}, // the courier accepted it; 001 is any scan on the way
	"InTransit_006":      {carriers.StatusInTransit, carriers.ReasonCustoms},
	"InTransit_009":      {carriers.StatusInTransit, carriers.ReasonRedirected},
	"OutForDelivery_002": {carriers.StatusAvailableForPickup, ""},
	"OutForDelivery_003": {carriers.StatusInfo, ""},
	"OutForDelivery_004": {carriers.StatusInfo, ""},
	"AttemptFail_002":    {carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
	"AttemptFail_003":    {carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
	"Exception_002":      {carriers.StatusException, carriers.ReasonAddressProblem},
	"Exception_003":      {carriers.StatusException, carriers.ReasonRecipientRefused},
	"Exception_004":      {carriers.StatusInTransit, carriers.ReasonCustoms},
	"Exception_005":      {carriers.StatusInTransit, carriers.ReasonDelay},
	"Exception_006":      {carriers.StatusException, carriers.ReasonPaymentDue},
	"Exception_007":      {carriers.StatusException, carriers.ReasonAddressProblem},
	"Exception_008":      {carriers.StatusException, carriers.ReasonUnclaimed},
	"Exception_010":      {carriers.StatusReturning, ""},
	"Exception_011":      {carriers.StatusReturned, ""},
	"Exception_012":      {carriers.StatusException, carriers.ReasonDamaged},
	"Exception_013":      {carriers.StatusException, carriers.ReasonLost},
	"Exception_016":      {carriers.StatusInTransit, carriers.ReasonDelay},
	"Exception_017":      {carriers.StatusInTransit, carriers.ReasonWeather},
	"Exception_018":      {carriers.StatusException, carriers.ReasonCustomsDocuments},
	"Exception_019":      {carriers.StatusInTransit, carriers.ReasonDelay},
	"Exception_020":      {carriers.StatusCanceled, ""},
	"Exception_021":      {carriers.StatusException, carriers.ReasonDestroyed},
}

// meaning reads a tag and its subtag.
func meaning(tag, subtag text) (carriers.Status, carriers.Reason) {
	if found, known := subtags[string(subtag)]; known {
		return found.status, found.reason
	}
	if found, known := tags[string(tag)]; known {
		return found.status, found.reason
	}
	return carriers.StatusInfo, ""
}

// slugs are AfterShip's of the carriers that we know by code, see
// https://www.aftership.com/docs/tracking/others/supported-couriers. DHL, which
// it splits into several, is left for it to detect. Only ups was seen in an answer.
var slugs = map[string]string{
	"ups":           "ups",
	"fedex":         "fedex",
	"usps":          "usps",
	"royalmail":     "royal-mail",
	"canadapost":    "canada-post",
	"australiapost": "australia-post",
	"dhl_parcel_de": "dhl-germany",
	"dpd":           "dpd",
	"laposte":       "la-poste-colissimo",
	"gls":           "gls",
	"sf":            "sf-express",
}

// alpha2 are the countries that keep a single time, by AfterShip's codes (ISO
// 3166-1 alpha-3). Of others the code is not needed.
var alpha2 = map[string]string{
	"AUT": "AT", "BEL": "BE", "BGR": "BG", "CHE": "CH", "CHN": "CN", "CZE": "CZ", "DEU": "DE", "DNK": "DK",
	"EST": "EE", "FIN": "FI", "GBR": "GB", "GRC": "GR", "HKG": "HK", "HRV": "HR", "HUN": "HU", "IRL": "IE",
	"ISR": "IL", "IND": "IN", "ITA": "IT", "JPN": "JP", "KOR": "KR", "LIE": "LI", "LTU": "LT", "LUX": "LU",
	"LVA": "LV", "MYS": "MY", "NLD": "NL", "NOR": "NO", "PHL": "PH", "POL": "PL", "ROU": "RO", "SWE": "SE",
	"SGP": "SG", "SVN": "SI", "SVK": "SK", "THA": "TH", "TUR": "TR", "TWN": "TW", "VNM": "VN", "ZAF": "ZA",
}
