package canadapost

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// codes are event identifiers without leading zeros. Source: Canada Post's list
// of tracking event codes, as other integrations have it; of these 20, 100, 173,
// 174 and 1496 were seen in an answer.
var codes = codeTable(map[meaning]string{
	{carriers.StatusPickedUp, ""}:       "100 101 102 103 104 105 106 107 1400 1401 1402 1403 1404 1405",
	{carriers.StatusOutForDelivery, ""}: "174",
	{carriers.StatusDelivered, ""}: "1408 1409 1421 1422 1423 1424 1425 1426 1427 1428 1429 1430 1431 1432 1433 1434 " +
		"1441 1442 1496 1497 1498 1499",

	// Held; why is partly told by the code.
	{carriers.StatusException, carriers.ReasonHeld}:             "1411 1414 2411 2414 4700",
	{carriers.StatusException, carriers.ReasonCustoms}:          "810 1443 1484 1487",
	{carriers.StatusException, carriers.ReasonCustomsDocuments}: "117 120 121",
	{carriers.StatusException, carriers.ReasonCustomsDuties}:    "125 127 1494",

	// An address is being corrected on the way.
	{carriers.StatusInTransit, carriers.ReasonAddressProblem}: "173",

	// A notice was left, or the parcel waits at an outlet. (Not seen in an answer yet.)
	{carriers.StatusDeliveryFailed, ""}:     "1479",
	{carriers.StatusAvailableForPickup, ""}: "1435 1436 1437",

	// The image of a signature was stored, often a day after the delivery.
	{carriers.StatusInfo, ""}: "20",
})

func codeTable(lists map[meaning]string) map[string]meaning {
	table := make(map[string]meaning)
	for m, list := range lists {
		for code := range strings.FieldsSeq(list) {
			table[code] = m
		}
	}
	return table
}

// meaningOf reads a code, which may have leading zeros. One that is not in the
// table moves nothing.
func meaningOf(code string) meaning {
	m, known := codes[strings.TrimLeft(code, "0")]
	if !known {
		return meaning{status: carriers.StatusInfo}
	}
	return m
}

// refusals are the codes of messages. The service hides some in HTTP 200 or 500.
var refusals = map[string]carriers.ErrorKind{
	"004":  carriers.ErrNotFound, // no PIN history
	"E002": carriers.ErrAuth,     // AAA authentication failure
	"AA01": carriers.ErrAuth,     // the user was deactivated (not seen in an answer yet)
	"AA02": carriers.ErrAuth,     // credentials of the other environment (not seen in an answer yet)
}

// throttled is how the gateway says "too many calls", with code "Server" and
// HTTP 500. (Not seen in an answer yet.)
const throttled = "rejected by slm monitor"
