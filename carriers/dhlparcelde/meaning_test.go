package dhlparcelde

import (
	"testing"

	"github.com/tillpost/tillpost/carriers"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		ice, ric, standard string
		back               bool
		want               carriers.Status
		reason             carriers.Reason
	}{
		{"PARCV", "NRQRD", "VA", false, carriers.StatusInfoReceived, ""},
		{"PURCR", "BDADD", "BV", false, carriers.StatusInfoReceived, ""},
		{"SHRCU", "SERPT", "ES", false, carriers.StatusPickedUp, ""},
		{"PCKDU", "PUBCR", "AE", false, carriers.StatusPickedUp, ""},
		{"NTPUP", "NHOME", "AN", false, carriers.StatusInfo, ""}, // at the sender's
		{"LDTMV", "MVMTV", "AA", false, carriers.StatusInTransit, ""},
		{"ldtmv", "mvmtv", "po", false, carriers.StatusOutForDelivery, ""},
		{"LDTMV", "SERPT", "ZF", false, carriers.StatusInTransit, ""},
		{"SRTED", "NRQRD", "PO", false, carriers.StatusOutForDelivery, ""},
		{"SRTED", "FWEXH", "EE", false, carriers.StatusInTransit, ""},
		{"ULFMV", "UNLDD", "PO", false, carriers.StatusInTransit, ""}, // unloaded is not on the vehicle
		{"MVARR", "NRQRD", "ZU", false, carriers.StatusInTransit, ""}, // a truck that arrived is no delivery
		{"NTADT", "NPRPF", "PO", false, carriers.StatusInTransit, carriers.ReasonDelay},
		{"MSRTD", "CRRFN", "PO", false, carriers.StatusInTransit, carriers.ReasonMisrouted},
		{"EXPHD", "CAPEX", "PO", false, carriers.StatusInTransit, carriers.ReasonDelay},
		{"EXPHD", "MSLBL", "BV", false, carriers.StatusException, carriers.ReasonHeld},
		{"EXPHD", "LOSTX", "BV", false, carriers.StatusException, carriers.ReasonLost},
		{"EXPHD", "RTTSP", "BV", false, carriers.StatusReturning, ""},
		{"INFCL", "HLDSR", "LA", false, carriers.StatusInTransit, carriers.ReasonHeld},
		{"HLDCU", "NORSN", "ZO", false, carriers.StatusInTransit, carriers.ReasonCustoms},
		{"RSDCP", "OARRV", "ZO", false, carriers.StatusInTransit, ""},
		{"HNDDE", "SERPT", "ZF", false, carriers.StatusInTransit, ""},
		{"CNRFC", "PCKST", "ZF", false, carriers.StatusAvailableForPickup, ""},
		{"HLDCC", "HDFCT", "LA", false, carriers.StatusAvailableForPickup, ""},
		{"NTDEL", "NHOME", "ZN", false, carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
		{"NTDEL", "RFUSD", "ZN", false, carriers.StatusDeliveryFailed, carriers.ReasonRecipientRefused},
		{"NTDEL", "CRROT", "PO", false, carriers.StatusInTransit, carriers.ReasonDelay},
		{"DLVRF", "OTHER", "ZN", false, carriers.StatusDeliveryFailed, carriers.ReasonRecipientRefused},
		{"DMGDS", "LDMGD", "EE", false, carriers.StatusInTransit, carriers.ReasonDamaged},
		{"DMGDS", "DMGPC", "BV", false, carriers.StatusException, carriers.ReasonDamaged},
		{"CNFSC", "LEGAT", "BV", false, carriers.StatusException, carriers.ReasonSeized},
		{"DSPSD", "NTCLM", "ZU", false, carriers.StatusException, carriers.ReasonDestroyed}, // filed under "delivered"
		{"CANCL", "NRQRD", "BV", false, carriers.StatusCanceled, ""},
		{"OFWRD", "RDRCR", "PO", false, carriers.StatusInTransit, carriers.ReasonRedirected},
		{"OFWRD", "RTSCR", "ZN", false, carriers.StatusReturning, ""},
		{"RETRN", "NTCCN", "ZN", false, carriers.StatusReturning, carriers.ReasonUnclaimed},
		{"ADVIS", "STBSD", "ZN", false, carriers.StatusInfo, ""},
		{"STORN", "NRQRD", "DD", false, carriers.StatusInfo, ""},
		{"DLVRD", "ACCPT", "ZU", false, carriers.StatusDelivered, ""},
		{"DLVRD", "ACCDM", "", false, carriers.StatusDelivered, ""},
		{"DLVRD", "CODRP", "GT", false, carriers.StatusInfo, ""}, // money
		{"DLVRD", "ACCPT", "ZU", true, carriers.StatusReturned, ""},
		{"LDTMV", "MVMTV", "PO", true, carriers.StatusReturning, ""},
		{"", "", "ZU", false, carriers.StatusDelivered, ""},
		{"", "", "PO", false, carriers.StatusOutForDelivery, ""},
		{"", "", "ZN", false, carriers.StatusDeliveryFailed, ""},
		{"", "", "ZF", false, carriers.StatusAvailableForPickup, ""},
		{"", "", "BV", false, carriers.StatusException, ""},
		{"", "", "GT", false, carriers.StatusInfo, ""},
		{"", "", "XX", false, carriers.StatusInfo, ""},
		{"LDTMV", "MVMTV", "ZU", false, carriers.StatusInfo, ""}, // contradicts itself
		{"WHATX", "MVMTV", "ZU", false, carriers.StatusInfo, ""},
		{"", "", "", true, carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		got := meaningOf(tt.ice, tt.ric, tt.standard, tt.back)
		if got.status != tt.want || got.reason != tt.reason {
			t.Errorf("meaningOf(%q, %q, %q, %t) = %v, want %s %s", tt.ice, tt.ric, tt.standard, tt.back, got, tt.want, tt.reason)
		}
	}
}
