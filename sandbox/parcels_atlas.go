package sandbox

import (
	"maps"
	"slices"
	"time"
)

// place is a country that parcels start from or go to.
type place struct {
	code   string // ISO 3166-1
	hub    string // where its sorting centre and customs are
	cities []string
	zone   *time.Location // of the cities listed
}

func newAtlas() map[string]*place {
	atlas := map[string]*place{}
	for _, entry := range []struct {
		zone  string
		place place
	}{
		{"America/Sao_Paulo", place{code: "BR", hub: "Cajamar", cities: []string{"São Paulo", "Rio de Janeiro", "Curitiba", "Belo Horizonte"}}},
		{"America/Chicago", place{code: "US", hub: "Memphis", cities: []string{"Chicago", "Dallas", "Minneapolis", "Nashville"}}},
		{"Asia/Shanghai", place{code: "CN", hub: "Guangzhou", cities: []string{"Shenzhen", "Yiwu", "Hangzhou", "Xiamen"}}},
		{"Asia/Kuala_Lumpur", place{code: "MY", hub: "Shah Alam", cities: []string{"Kuala Lumpur", "Penang", "Johor Bahru", "Ipoh"}}},
		{"Asia/Singapore", place{code: "SG", hub: "Changi", cities: []string{"Singapore", "Jurong East", "Tampines"}}},
		{"Asia/Tokyo", place{code: "JP", hub: "Narita", cities: []string{"Tokyo", "Osaka", "Nagoya", "Sapporo"}}},
		{"Australia/Sydney", place{code: "AU", hub: "Chullora", cities: []string{"Sydney", "Wollongong", "Newcastle"}}},
		{"Europe/Amsterdam", place{code: "NL", hub: "Zaltbommel", cities: []string{"Amsterdam", "Rotterdam", "Utrecht", "Eindhoven"}}},
		{"Europe/Berlin", place{code: "DE", hub: "Leipzig", cities: []string{"Berlin", "Hamburg", "München", "Köln", "Dresden"}}},
		{"Europe/London", place{code: "GB", hub: "Coventry", cities: []string{"London", "Manchester", "Bristol", "Leeds"}}},
		{"Europe/Paris", place{code: "FR", hub: "Roissy", cities: []string{"Paris", "Lyon", "Lille", "Nantes"}}},
	} {
		p := entry.place
		p.zone = time.UTC
		if zone, err := time.LoadLocation(entry.zone); err == nil {
			p.zone = zone // the zone database is embedded: it never fails
		}
		atlas[p.code] = &p
	}
	return atlas
}

// route chooses where a parcel goes. Parcels with a German number go to Germany;
// half of the others stay in their country.
func (p *parcels) route(r registration) (from, to *place) {
	codes := slices.Sorted(maps.Keys(p.atlas))
	draw := func(purpose string) *place { return p.atlas[codes[seed(r.Number, purpose)%uint64(len(codes))]] }
	from, to = p.atlas[r.Origin], p.atlas[r.Destination]
	if to == nil && dhlService(r.Number) == "parcel-de" {
		to = p.atlas["DE"]
	}
	if to == nil {
		to = draw("destination")
	}
	if from == nil {
		from = to
		if r.Scenario == "customs" || seed(r.Number, "abroad")%2 == 0 {
			from = draw("origin")
		}
	}
	return from, to
}
