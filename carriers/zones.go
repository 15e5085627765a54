package carriers

import (
	"slices"
	"strings"
	"time"
)

// ZoneOf returns the zone of a country (ISO 3166-1 alpha-2) that keeps a single
// civil time, or nil: for others a country does not say what time it is.
func ZoneOf(country string) *time.Location { return ZoneAt(country, "", "") }

// ZoneAt returns the zone of a place, or nil when what is known of it leaves
// several. Region is a state or province by its postal abbreviation, also with
// the country in front (ISO 3166-2).
func ZoneAt(country, region, postalCode string) *time.Location {
	country, region, postalCode = plain(country), plain(region), plain(postalCode)
	if name, ok := zones[country]; ok {
		return located(name)
	}
	if postalCode != "" {
		if startsWithAny(postalCode, elsewhere[country]) {
			return nil
		}
		for _, area := range postalZones {
			if area.country == country && startsWithAny(postalCode, area.prefixes) {
				return located(area.zone)
			}
		}
		if name, ok := mainlands[country]; ok {
			return located(name)
		}
	}
	return located(regions[country][strings.TrimPrefix(region, country+"-")])
}

// mainlands are the zones of countries whose islands with another time have
// postal codes of their own.
var mainlands = map[string]string{"ES": "Europe/Madrid", "PT": "Europe/Lisbon"}

func plain(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), "")) }

func startsWithAny(s, prefixes string) bool {
	return slices.ContainsFunc(strings.Fields(prefixes), func(prefix string) bool { return strings.HasPrefix(s, prefix) })
}

// located loads a zone; nil when the zone database does not know it, so that the
// time stays a wall clock.
func located(name string) *time.Location {
	if name == "" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}
