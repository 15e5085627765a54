package carriers

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Key names a scan, so that the same scan told twice is stored once. It rests
// on the carrier's own id of the scan where there is one, otherwise on what
// the scan says; never on its place in the list, which shifts.
//
// The time enters as an instant only where the text itself names one: an
// instant that was derived from a zone rule would change, and double every
// stored scan, when the rule does.
func Key(carrier, number string, e Event) string {
	fields := []string{carrier, fold(number)}
	if e.CarrierID != "" {
		fields = append(fields, "id", e.CarrierID)
	} else {
		fields = append(fields, "scan", fold(e.Code), fold(e.Description), fold(e.Location), keyTime(e))
	}
	sum := sha256.New()
	for _, field := range fields {
		length := binary.AppendUvarint(nil, uint64(len(field)))
		sum.Write(length)
		sum.Write([]byte(field))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func keyTime(e Event) string {
	switch {
	case e.OccurredAt != nil && (e.RawTime == "" || HasOffset(e.RawTime)):
		return e.OccurredAt.UTC().Truncate(time.Second).Format(time.RFC3339)
	case e.RawTime != "":
		return fold(e.RawTime)
	default:
		return e.LocalTime
	}
}
