package models

import (
	"fmt"

	"gorm.io/gorm"
)

// countedTransits is what is counted of the days, folded or not.
func countedTransits(q *gorm.DB, firstDay, lastDay string) (transits, error) {
	have := transits{}
	for _, table := range []string{"transit_stats", "transit_deltas"} {
		rows, err := all[TransitStat](q.Table(table).
			Select("merchant_id, day, carrier, country, transit_days, promise, SUM(count) AS count").
			Where("day >= ? AND day <= ?", firstDay, lastDay).
			Group("merchant_id, day, carrier, country, transit_days, promise"))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			n := row.Count
			row.Count = 0
			have[row] += n
		}
	}
	return have, nil
}

func (t transits) within(firstDay, lastDay string) transits {
	part := transits{}
	for row, n := range t {
		if row.Day >= firstDay && row.Day <= lastDay {
			part[row] = n
		}
	}
	return part
}

func (t transits) minus(other transits) transits {
	for row, n := range other {
		t[row] -= n
	}
	return t
}

// diffs puts into words by how much have is off, which is t.
func (t transits) diffs(have transits) []StatDiff {
	rows := t.rows()
	diffs := make([]StatDiff, len(rows))
	for i, row := range rows {
		off := row.Count
		row.Count = 0
		diffs[i] = StatDiff{
			MerchantID: row.MerchantID, Day: row.Day,
			Metric: fmt.Sprintf("transit of %s to %q, %d days, promise %s", row.Carrier, row.Country, row.TransitDays, row.Promise),
			Count:  have[row], WantCount: have[row] + off,
		}
	}
	return diffs
}
