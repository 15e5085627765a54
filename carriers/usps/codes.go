package usps

import "github.com/tillpost/tillpost/carriers"

// meaning is what a code says.
type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// byEventCode holds the event codes of USPS Publication 199.
var byEventCode = map[string]meaning{
	"01": {carriers.StatusDelivered, ""},
	"03": {carriers.StatusPickedUp, ""},
	"07": {carriers.StatusInTransit, ""},
	"10": {carriers.StatusInTransit, ""},
	"A1": {carriers.StatusInTransit, ""},
	"GX": {carriers.StatusInfoReceived, ""},
	"OF": {carriers.StatusOutForDelivery, ""},
	"SF": {carriers.StatusInTransit, ""},
	"T1": {carriers.StatusInTransit, ""},
	"TL": {carriers.StatusInTransit, ""},

	// Not seen in an answer yet:
	"02": {carriers.StatusDeliveryFailed, ""},
	"04": {carriers.StatusException, carriers.ReasonRecipientRefused},
	"05": {carriers.StatusException, carriers.ReasonUndeliverable},
	"09": {carriers.StatusReturning, ""},
	"14": {carriers.StatusAvailableForPickup, ""},
	"16": {carriers.StatusAvailableForPickup, ""},
	"17": {carriers.StatusInTransit, ""}, // handed to an agent: a delivery only once the summary says so
	"21": {carriers.StatusException, carriers.ReasonUndeliverable},
	"22": {carriers.StatusException, carriers.ReasonUndeliverable},
	"23": {carriers.StatusException, carriers.ReasonUndeliverable},
	"24": {carriers.StatusException, carriers.ReasonUndeliverable},
	"25": {carriers.StatusException, carriers.ReasonUndeliverable},
	"26": {carriers.StatusException, carriers.ReasonUndeliverable},
	"27": {carriers.StatusException, carriers.ReasonUnclaimed},
	"28": {carriers.StatusException, carriers.ReasonUndeliverable},
	"29": {carriers.StatusException, carriers.ReasonUndeliverable},
	"31": {carriers.StatusReturning, ""},
	"43": {carriers.StatusInTransit, ""}, // as 17
	"51": {carriers.StatusDeliveryFailed, ""},
	"52": {carriers.StatusDeliveryFailed, ""},
	"53": {carriers.StatusDeliveryFailed, ""},
	"54": {carriers.StatusDeliveryFailed, ""},
	"55": {carriers.StatusDeliveryFailed, ""},
	"56": {carriers.StatusDeliveryFailed, ""},
	"L1": {carriers.StatusInTransit, ""},
	"MA": {carriers.StatusInfoReceived, ""},
	"OA": {carriers.StatusPickedUp, ""},
	"UA": {carriers.StatusPickedUp, ""},
}

// byCategory holds USPS's own summaries (statusCategory), of which only the first
// was seen in an answer yet.
var byCategory = map[string]carriers.Status{
	"delivered":            carriers.StatusDelivered,
	"accepted":             carriers.StatusPickedUp,
	"alert":                carriers.StatusException,
	"available for pickup": carriers.StatusAvailableForPickup,
	"delivery attempt":     carriers.StatusDeliveryFailed,
	"in transit":           carriers.StatusInTransit,
	"out for delivery":     carriers.StatusOutForDelivery,
	"pre-shipment":         carriers.StatusInfoReceived,
}
