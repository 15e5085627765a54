package detect

import (
	"cmp"
	"math"
	"slices"
)

// chances are how likely the carrier is that a format names, by its grip, when
// nothing is known but the number: a check digit that is right says far more
// than a beginning, and that far more than the length alone.
var (
	chances        = map[grip]float64{rare: 0.10, bare: 0.20, weak: 0.40, strong: 0.75}
	checkedChances = map[grip]float64{rare: 0.55, bare: 0.80, weak: 0.87, strong: 0.96}
)

// Factors change the odds by what is known beside the form of the number.
const (
	forEnabled    = 3.0  // the shop has an account for it
	againstOthers = 0.65 // it has accounts, for other carriers only
	forRecent     = 4.0  // all that it sent lately went with it; in part, in part
	againstUnused = 0.65 // it sent enough, with others only
	enough        = 10   // parcels
	forHome       = 1.5  // the country is one of the carrier's own
	againstAbroad = 0.4  // it is not, and the carrier serves no other
	outshone      = 0.05 // digits alone, of a number whose beginning names somebody
	unknownPart   = 0.5  // a part that should be listed is not
	notUsed       = 0.02 // numbers of this kind are not in use
)

// sandbox is the kind of accounts that follow no real carrier's parcels.
const sandbox = "sandbox"

// rank makes candidates of matches, one for each carrier.
func rank(found []match, hints Hints) []Candidate {
	named := slices.ContainsFunc(found, func(m match) bool { return m.gripOf() == strong })
	odds := map[string]float64{}
	var candidates []Candidate
	for i := range found {
		m := &found[i]
		c := Candidate{
			Carrier: hints.choose(m.carriers), Checked: m.check != nil, Format: m.name, Number: m.number,
			Country: m.country, Service: m.service,
		}
		o := m.odds() * hints.factor(m)
		if named && m.gripOf() <= bare {
			o *= outshone
		}
		if c.Score = int(math.Round(100 * o / (1 + o))); c.Score == 0 {
			continue
		}
		at := slices.IndexFunc(candidates, func(other Candidate) bool { return other.Carrier == c.Carrier })
		switch {
		case at < 0:
			candidates = append(candidates, c)
		case o > odds[c.Carrier]:
			candidates[at] = c
		default:
			continue
		}
		odds[c.Carrier] = o
	}
	slices.SortStableFunc(candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(odds[b.Carrier], odds[a.Carrier]), cmp.Compare(a.Carrier, b.Carrier))
	})
	return candidates
}

// odds are those of the number alone.
func (m *match) odds() float64 {
	chance := chances[m.gripOf()]
	if m.check != nil {
		chance = checkedChances[m.gripOf()]
	}
	o := chance / (1 - chance)
	if m.unlisted && m.grip <= bare {
		o *= unknownPart
	}
	if m.barred != nil && m.barred.MatchString(m.number) {
		o *= notUsed
	}
	return o
}

// factor is what the hints say for and against a match.
func (h Hints) factor(m *match) float64 {
	f := h.byAccounts(m.carriers) * h.byHabit(m.carriers)
	home := m.home
	if m.country != "" {
		home = []string{m.country}
	}
	switch {
	case h.Country == "" || len(home) == 0:
	case slices.Contains(home, h.Country):
		f *= forHome
	case m.local:
		f *= againstAbroad
	}
	return f
}

func (h Hints) byAccounts(carriers []string) float64 {
	factor := 1.0
	for _, kind := range h.Enabled {
		if slices.Contains(carriers, kind) {
			return forEnabled
		}
		if kind != sandbox {
			factor = againstOthers
		}
	}
	if h.Anyone {
		return 1
	}
	return factor
}

func (h Hints) byHabit(carriers []string) float64 {
	total, used := 0, 0
	for carrier, n := range h.Recent {
		total += n
		if slices.Contains(carriers, carrier) {
			used += n
		}
	}
	switch {
	case used > 0:
		return 1 + forRecent*float64(used)/float64(total)
	case total >= enough:
		return againstUnused
	default:
		return 1
	}
}

// choose says which of a company's codes is meant: one that the shop has an
// account for, else the narrowest where accounts follow any carrier, for they
// know a company's branches apart, else one that it used, else the usual.
func (h Hints) choose(carriers []string) string {
	for _, c := range carriers {
		if slices.Contains(h.Enabled, c) {
			return c
		}
	}
	if h.Anyone {
		return carriers[len(carriers)-1]
	}
	best := carriers[0]
	for _, c := range carriers[1:] {
		if h.Recent[c] > h.Recent[best] {
			best = c
		}
	}
	return best
}
