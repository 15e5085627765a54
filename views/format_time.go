package views

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/locales"
)

var months = map[locales.Language][12]string{
	locales.English: {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	locales.Malay:   {"Jan", "Feb", "Mac", "Apr", "Mei", "Jun", "Jul", "Ogo", "Sep", "Okt", "Nov", "Dis"},
}

// Day writes a date in the viewer's zone, with the year unless it is this one:
// "22 Nov", "11月22日".
func Day(ctx context.Context, t time.Time) string {
	v := viewerOf(ctx)
	local := t.In(v.zone)
	return day(ctx, local, local.Year() != v.now().In(v.zone).Year())
}

// Date writes a date with its year in the viewer's zone: "22 Nov 2026".
func Date(ctx context.Context, t time.Time) string {
	return day(ctx, t.In(Zone(ctx)), true)
}

func day(ctx context.Context, local time.Time, withYear bool) string {
	language := locales.FromContext(ctx).Language()
	if language == locales.Chinese {
		text := fmt.Sprintf("%d月%d日", local.Month(), local.Day())
		if withYear {
			text = strconv.Itoa(local.Year()) + "年" + text
		}
		return text
	}
	text := strconv.Itoa(local.Day()) + " " + months[language][local.Month()-1]
	if withYear {
		text += " " + strconv.Itoa(local.Year())
	}
	return text
}

// Month writes a month with its year: "Nov 2026".
func Month(ctx context.Context, t time.Time) string {
	local, language := t.In(Zone(ctx)), locales.FromContext(ctx).Language()
	if language == locales.Chinese {
		return fmt.Sprintf("%d年%d月", local.Year(), local.Month())
	}
	return months[language][local.Month()-1] + " " + strconv.Itoa(local.Year())
}

// DateTime writes a moment to the minute in the viewer's zone: "22 Nov, 08:36".
func DateTime(ctx context.Context, t time.Time) string {
	return Day(ctx, t) + separator(ctx) + t.In(Zone(ctx)).Format("15:04")
}

// DateTimeSecond writes day and time to the second: "22 Nov, 08:36:04".
func DateTimeSecond(ctx context.Context, t time.Time) string {
	return Day(ctx, t) + separator(ctx) + t.In(Zone(ctx)).Format("15:04:05")
}

// Exact writes a moment to the second with its zone: "22 Nov 2026, 08:36:04 +08".
func Exact(ctx context.Context, t time.Time) string {
	return Date(ctx, t) + separator(ctx) + t.In(Zone(ctx)).Format("15:04:05 MST")
}

func separator(ctx context.Context) string {
	if locales.FromContext(ctx).Language() == locales.Chinese {
		return " "
	}
	return ", "
}

// LocalTime writes a wall clock that came without a zone ("2006-01-02T15:04:05")
// as it is; what cannot be read is shown as it came.
func LocalTime(ctx context.Context, wall string) string {
	t, err := time.ParseInLocation("2006-01-02T15:04:05", wall, Zone(ctx))
	if err != nil {
		return wall
	}
	return DateTime(ctx, t)
}

const dayLong = 24 * time.Hour

// distances are the units that relative times are told in, up to a limit.
var distances = []struct {
	below, unit  time.Duration
	past, future string
}{
	{time.Minute, time.Second, locales.Mark("time.seconds_ago"), locales.Mark("time.in_seconds")},
	{time.Hour, time.Minute, locales.Mark("time.minutes_ago"), locales.Mark("time.in_minutes")},
	{dayLong, time.Hour, locales.Mark("time.hours_ago"), locales.Mark("time.in_hours")},
	{60 * dayLong, dayLong, locales.Mark("time.days_ago"), locales.Mark("time.in_days")},
	{730 * dayLong, 30 * dayLong, locales.Mark("time.months_ago"), locales.Mark("time.in_months")},
	{1 << 62, 365 * dayLong, locales.Mark("time.years_ago"), locales.Mark("time.in_years")},
}

// Relative says how long ago or ahead a moment is: "3 minutes ago".
func Relative(ctx context.Context, t time.Time) string {
	distance := viewerOf(ctx).now().Sub(t)
	ahead := distance < 0
	if ahead {
		distance = -distance
	}
	if distance < 5*time.Second {
		return locales.T(ctx, "time.now")
	}
	for _, d := range distances {
		if distance >= d.below {
			continue
		}
		key := d.past
		if ahead {
			key = d.future
		}
		return locales.FromContext(ctx).T(key, locales.Count, int(distance/d.unit))
	}
	return Date(ctx, t)
}

// Duration writes how long something took, with two digits of precision:
// "350 ms", "2.1 s", "5 min", "3 h", "2 d".
func Duration(ctx context.Context, d time.Duration) string {
	switch {
	case d < time.Second:
		return locales.T(ctx, "time.ms", "N", d.Milliseconds())
	case d < 10*time.Second:
		return locales.T(ctx, "time.s", "N", strconv.FormatFloat(d.Seconds(), 'f', 1, 64))
	case d < time.Minute:
		return locales.T(ctx, "time.s", "N", int(d.Seconds()))
	case d < time.Hour:
		return locales.T(ctx, "time.min", "N", int(d.Minutes()))
	case d < 2*dayLong:
		return locales.T(ctx, "time.h", "N", int(d.Hours()))
	default:
		return locales.T(ctx, "time.d", "N", int(d/dayLong))
	}
}
