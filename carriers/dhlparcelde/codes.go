package dhlparcelde

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// events are ICE codes, what happened. Source: DHL's list of ICE and RIC codes
// of July 2024; SHRCU, LDTMV, PCKDU, ULFMV, SRTED and DLVRD were seen in an
// answer. An empty status leaves it to the standard code.
var events = map[string]meaning{
	"PARCV": {carriers.StatusInfoReceived, ""}, // data received
	"PURCR": {carriers.StatusInfoReceived, ""}, // pick-up ordered
	"CANCL": {carriers.StatusCanceled, ""},
	"NTPUP": {carriers.StatusInfo, ""}, // not picked up from the sender
	"ADVIS": {carriers.StatusInfo, ""}, // a wish or a message
	"ALERT": {carriers.StatusInfo, ""},
	"STORN": {carriers.StatusInfo, ""}, // the courier took back the scan before
	"PMTCR": {carriers.StatusInfo, ""}, // money
	"PMTCS": {carriers.StatusInfo, ""},

	"SHRCU": {carriers.StatusPickedUp, ""},
	"PCKDU": {carriers.StatusPickedUp, ""},

	"LDTMV": {}, // loaded: onto a truck or onto the delivery vehicle
	"SRTED": {},
	"LDTHU": {carriers.StatusInTransit, ""},
	"ASMVT": {carriers.StatusInTransit, ""},
	"MVARR": {carriers.StatusInTransit, ""},
	"MVDPT": {carriers.StatusInTransit, ""},
	"ULFMV": {carriers.StatusInTransit, ""},
	"TRBCR": {carriers.StatusInTransit, ""},
	"FWDCF": {carriers.StatusInTransit, ""},
	"CHECK": {carriers.StatusInTransit, ""},
	"RELBL": {carriers.StatusInTransit, ""},
	"REPCK": {carriers.StatusInTransit, ""},
	"SECHK": {carriers.StatusInTransit, ""},
	"HNDDE": {carriers.StatusInTransit, ""}, // to an outlet, which is still to take it over
	"ROUCR": {carriers.StatusInTransit, carriers.ReasonRedirected},
	"OFWRD": {carriers.StatusInTransit, carriers.ReasonRedirected},
	"MSRTD": {carriers.StatusInTransit, carriers.ReasonMisrouted},
	"NTADT": {carriers.StatusInTransit, carriers.ReasonDelay},
	"LDEXC": {carriers.StatusInTransit, carriers.ReasonDelay},
	"MVDEX": {carriers.StatusInTransit, carriers.ReasonDelay},
	"MVTEX": {carriers.StatusInTransit, carriers.ReasonDelay},
	"INFCL": {carriers.StatusInTransit, carriers.ReasonHeld}, // stored
	"HLDCP": {carriers.StatusInTransit, carriers.ReasonCustoms},
	"HLDCU": {carriers.StatusInTransit, carriers.ReasonCustoms},
	"HNDND": {carriers.StatusInTransit, carriers.ReasonCustoms},
	"ICPRC": {carriers.StatusInTransit, carriers.ReasonCustoms},
	"ITBAR": {carriers.StatusInTransit, carriers.ReasonCustoms},
	"RSDCP": {carriers.StatusInTransit, ""}, // released

	"CNRFC": {carriers.StatusAvailableForPickup, ""},
	"HLDCC": {carriers.StatusAvailableForPickup, ""},
	"NTDEL": {carriers.StatusDeliveryFailed, ""},
	"DLVRF": {carriers.StatusDeliveryFailed, carriers.ReasonRecipientRefused},
	"DLVRD": {}, // delivered, or money transferred
	"RETRN": {carriers.StatusReturning, ""},

	"EXPHD": {carriers.StatusException, carriers.ReasonHeld},
	"DMGDS": {carriers.StatusException, carriers.ReasonDamaged},
	"DTNPC": {carriers.StatusException, ""}, // data without a parcel
	"PBNDT": {carriers.StatusException, ""}, // a parcel without data
	"CNFSC": {carriers.StatusException, carriers.ReasonSeized},
	"DSPSD": {carriers.StatusException, carriers.ReasonDestroyed}, // DHL files it under "delivered"
	"RCCLS": {carriers.StatusException, ""},                       // the record was closed
}

// standards are standard-event-codes, which are coarse. Source: as events; ES,
// AA, AE, EE, PO and ZU were seen in an answer.
var standards = map[string]meaning{
	"VA": {carriers.StatusInfoReceived, ""},
	"DD": {carriers.StatusInfo, ""}, // a service of data
	"GT": {carriers.StatusInfo, ""}, // money
	"AN": {carriers.StatusInfo, ""}, // not picked up from the sender
	"ES": {carriers.StatusPickedUp, ""},
	"AE": {carriers.StatusPickedUp, ""},
	"AA": {carriers.StatusInTransit, ""},
	"EE": {carriers.StatusInTransit, ""},
	"NB": {carriers.StatusInTransit, ""},
	"LA": {carriers.StatusInTransit, carriers.ReasonHeld},
	"ZO": {carriers.StatusInTransit, carriers.ReasonCustoms},
	"PO": {carriers.StatusOutForDelivery, ""},
	"ZN": {carriers.StatusDeliveryFailed, ""},
	"ZF": {carriers.StatusAvailableForPickup, ""},
	"BV": {carriers.StatusException, ""},
	"ZU": {carriers.StatusDelivered, ""},
}

// causes are RIC codes, why it happened. Source: as events.
var causes = causeTable(map[carriers.Reason]string{
	carriers.ReasonAddressProblem:       "BDADD CPUNK MOVED MSSDT WRGPN WRGRI",
	carriers.ReasonRecipientUnavailable: "CLOSD CNCNR NHOME",
	carriers.ReasonRecipientRefused:     "NTORD RFUSD",
	carriers.ReasonUnclaimed:            "NTCCN NTCLM",
	carriers.ReasonUndeliverable:        "UDLVR",
	carriers.ReasonPaymentDue:           "NPYMT TRPMT",
	carriers.ReasonDamaged:              "DMGED DMGPC DMPHD LDMGD PUDMG",
	carriers.ReasonLost:                 "LOSTX",
	carriers.ReasonCustoms:              "CLREF CUSTM INSPF",
	carriers.ReasonCustomsDocuments:     "PWMFD",
	carriers.ReasonSecurityCheck:        "FSCCH INSPT",
	carriers.ReasonMisrouted:            "CRRFN STPRB WRGTR",
	carriers.ReasonRedirected:           "CNRFW CRFRD RDRCR RDRDO",
	carriers.ReasonHeld:                 "HLDAY HLDSR HNDCA",
	carriers.ReasonDelay:                "CAPEX CRROT DRCRU EQUBF FRMJR MSDLA OVRLD TCATC TCHBD VHARU",
})

func causeTable(lists map[carriers.Reason]string) map[string]carriers.Reason {
	table := make(map[string]carriers.Reason)
	for reason, list := range lists {
		for code := range strings.FieldsSeq(list) {
			table[code] = reason
		}
	}
	return table
}

// refusals are the codes of an answer or a piece that is none. Source: DHL's
// description of the API. (Only 100 was seen in an answer.)
var refusals = map[string]carriers.ErrorKind{
	"100": carriers.ErrNotFound, // no data found
	"200": carriers.ErrNotFound, // no electronic data yet
	"57":  carriers.ErrNotFound, // nothing for this postal code
	"5":   carriers.ErrAuth,     // login failed
	"6":   carriers.ErrAuth,     // too often, so that it is blocked
	"62":  carriers.ErrAuth,
	"64":  carriers.ErrForbidden,  // may not ask without a check digit
	"41":  carriers.ErrBadRequest, // a wrong check digit
	"45":  carriers.ErrBadRequest, // no number
	"-3":  carriers.ErrBadRequest, // an unknown request
}
