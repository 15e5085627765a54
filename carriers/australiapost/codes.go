package australiapost

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// statuses are the summaries of an article. Source: Australia Post's list of
// statuses, as other integrations have it; "Delivered" and "Unknown" were seen.
var statuses = map[string]meaning{
	"created":               {carriers.StatusInfoReceived, ""},
	"initiated":             {carriers.StatusInfoReceived, ""},
	"in transit":            {carriers.StatusInTransit, ""},
	"possible delay":        {carriers.StatusInTransit, carriers.ReasonDelay},
	"held by courier":       {carriers.StatusException, carriers.ReasonHeld},
	"awaiting collection":   {carriers.StatusAvailableForPickup, ""},
	"on board for delivery": {carriers.StatusOutForDelivery, ""},
	"unsuccessful delivery": {carriers.StatusDeliveryFailed, ""},
	"to be re-delivered":    {carriers.StatusInTransit, ""},
	"cannot be delivered":   {carriers.StatusException, carriers.ReasonUndeliverable},
	"article damaged":       {carriers.StatusException, carriers.ReasonDamaged},
	"cancelled":             {carriers.StatusCanceled, ""},
	"delivered":             {carriers.StatusDelivered, ""},
}

// texts are descriptions of scans, which come from a fixed list and stand in for
// codes. None of them is a delivery: that is told by the summary.
var texts = map[string]meaning{
	"shipping information received by australia post": {carriers.StatusInfoReceived, ""},
	"shipping information approved by australia post": {carriers.StatusInfoReceived, ""},
	"received by australia post":                      {carriers.StatusPickedUp, ""},
	"received item from sender (outbound)":            {carriers.StatusPickedUp, ""},
	"arrived at facility":                             {carriers.StatusInTransit, ""},
	"item processed at facility":                      {carriers.StatusInTransit, ""},
	"processed at export facility":                    {carriers.StatusInTransit, ""},
	"despatch parcels from export facility":           {carriers.StatusInTransit, ""},
	"processed by air carrier":                        {carriers.StatusInTransit, ""},
	"cleared and awaiting international departure":    {carriers.StatusInTransit, ""},
	"arrived awaiting clearance (inbound)":            {carriers.StatusInTransit, carriers.ReasonCustoms},
	"item is in customs":                              {carriers.StatusInTransit, carriers.ReasonCustoms},
	"item cleared by customs":                         {carriers.StatusInTransit, ""},
	"onboard for delivery":                            {carriers.StatusOutForDelivery, ""},

	// Not seen in an answer yet.
	"on board for delivery": {carriers.StatusOutForDelivery, ""},
	"awaiting collection":   {carriers.StatusAvailableForPickup, ""},
	"unsuccessful delivery": {carriers.StatusDeliveryFailed, ""},
	"attempted delivery":    {carriers.StatusDeliveryFailed, ""},
	"return to sender":      {carriers.StatusReturning, ""},
}

// beginnings are of descriptions that go on with a place.
var beginnings = []struct {
	text    string
	meaning meaning
}{
	{"in transit to next facility in ", meaning{carriers.StatusInTransit, ""}},
	{"arrived in ", meaning{carriers.StatusInTransit, ""}},
	{"awaiting collection at ", meaning{carriers.StatusAvailableForPickup, ""}}, // not seen in an answer yet
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// meaningOf reads a description. One that is not in the tables moves nothing.
func meaningOf(description string) meaning {
	description = fold(description)
	if m, known := texts[description]; known {
		return m
	}
	for _, b := range beginnings {
		if strings.HasPrefix(description, b.text) {
			return b.meaning
		}
	}
	return meaning{status: carriers.StatusInfo}
}

// isDelivery reports whether a scan is the delivery, of a parcel that its
// summary says was delivered.
func isDelivery(description string) bool {
	description = fold(description)
	return description == "delivered" || strings.HasPrefix(description, "delivered - ")
}

// refusals are codes of errors, of a number or of the whole question.
var refusals = map[string]carriers.ErrorKind{
	// An invalid id. It is also said of a label that was not handed in yet, so
	// asking again has a point. (The latter was not seen in an answer yet.)
	"ESB-10001": carriers.ErrNotFound,
	"ESB-10002": carriers.ErrBadRequest, // a product without tracking (not seen in an answer yet)
	"51101":     carriers.ErrBadRequest, // too many ids
}
