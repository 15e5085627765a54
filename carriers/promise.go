package carriers

import (
	"cmp"
	"time"

	"github.com/tillpost/tillpost/models"
)

// PromisedBy is the last second of a promised day, as "2026-01-20": of the place
// where a parcel goes, as its recipient reads it, or of the other zone when that
// place's is not known. Any other text, and years that cannot be, are bad_date.
func PromisedBy(day string, to models.Address, other *time.Location) (time.Time, error) {
	zone := cmp.Or(ZoneAt(to.Country, to.Region, to.PostalCode), other, time.UTC)
	begins, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil || begins.Year() < 2000 || begins.Year() > 2100 {
		return begins, models.Invalid("promised", "bad_date")
	}
	return begins.AddDate(0, 0, 1).Add(-time.Second).UTC(), nil
}
