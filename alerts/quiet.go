package alerts

import (
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

// quietUntil is when the quiet hours end that a moment is in; zero when it is in
// none. The hours are those of the wall clock in the zone: they may pass
// midnight, and on the days when clocks change they are as long as the clock
// makes them.
func quietUntil(w *models.AlertWish, zone *time.Location, at time.Time) time.Time {
	from, ok := clockOf(w.QuietFrom)
	to, okTo := clockOf(w.QuietTo)
	if !ok || !okTo || from == to {
		return time.Time{}
	}
	local := at.In(zone)
	now := local.Hour()*60 + local.Minute()
	quiet := now >= from && now < to
	tomorrow := false
	if from > to { // over midnight
		quiet = now >= from || now < to
		tomorrow = now >= from
	}
	if !quiet {
		return time.Time{}
	}
	date := local
	if tomorrow {
		date = local.AddDate(0, 0, 1)
	}
	// A time that the clock leaves out becomes the one an hour later.
	end := time.Date(date.Year(), date.Month(), date.Day(), to/60, to%60, 0, 0, zone)
	if !end.After(at) { // the hour that comes twice: its second one
		end = end.Add(time.Hour)
	}
	return end.UTC()
}

// clockOf reads "22:00" as minutes since midnight.
func clockOf(text string) (int, bool) {
	h, m, found := strings.Cut(text, ":")
	hours, errH := strconv.Atoi(h)
	minutes, errM := strconv.Atoi(m)
	if !found || errH != nil || errM != nil || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	return hours*60 + minutes, true
}
