package detect

import (
	"slices"
	"testing"
)

// The numbers that come with the data.
func TestData(t *testing.T) {
	t.Parallel()
	all, err := couriers()
	if err != nil {
		t.Fatal(err)
	}
	valid, invalid, named := 0, 0, map[string]bool{}
	for _, c := range all {
		for i := range c.Formats {
			d := &c.Formats[i]
			named[d.Name] = true
			if _, weighed := traits[d.Name]; !weighed {
				t.Errorf("traits say nothing of %s", d.Name)
			}
			f, err := d.format(c.Code)
			if err != nil {
				t.Fatalf("%s: %v", d.Name, err)
			}
			for _, number := range d.Tests.Valid {
				valid++
				m, ok := f.matchAny(number)
				if !ok {
					t.Errorf("%s refuses %q", d.Name, number)
					continue
				}
				found := Detect(number, Hints{})
				at := slices.IndexFunc(found, func(c Candidate) bool { return slices.Contains(m.carriers, c.Carrier) })
				if at < 0 || found[at].Checked != (f.check != nil) {
					t.Errorf("%q of %s: found %+v", number, d.Name, found)
				}
			}
			for _, number := range d.Tests.Invalid {
				invalid++
				if m, ok := f.matchAny(number); ok {
					t.Errorf("%s takes %q as %+v", d.Name, number, m)
				}
				for _, found := range Detect(number, Hints{}) {
					ours := slices.Contains(f.carriers, found.Carrier) && !c.takes(number)
					if found.Format == d.Name || ours && found.Checked {
						t.Errorf("%q is not of %s: found %+v", number, d.Name, found)
					}
				}
			}
		}
	}
	if len(all) != 18 || len(named) != 39 || valid != 192 || invalid != 88 {
		t.Errorf("%d couriers, %d formats, %d valid and %d invalid numbers", len(all), len(named), valid, invalid)
	}
	for name := range traits {
		if !named[name] {
			t.Errorf("traits speak of %s, which is not there", name)
		}
	}
	for name := range rewritten {
		if !named[name] {
			t.Errorf("%s is rewritten and not there", name)
		}
	}
}

// takes says whether a number is a valid one of another format of the courier.
func (c *courier) takes(number string) bool {
	return slices.ContainsFunc(c.Formats, func(d dataFormat) bool { return slices.Contains(d.Tests.Valid, number) })
}

// matchAny reads a number as it was pasted.
func (f *format) matchAny(number string) (match, bool) {
	for _, spelling := range spellings(number) {
		if m, ok := f.match(spelling); ok {
			return m, true
		}
	}
	return match{}, false
}

// Each of our own forms has a number here that only its pattern decides on.
func TestForms(t *testing.T) {
	t.Parallel()
	numbers := map[string]struct{ takes, refuses string }{
		"DHL Paket (20)":        {"00340434161094015902", "00340434161094015903"},
		"DHL Paket (12)":        {"563102430313", "563102430314"},
		"DHL Paket (12 digits)": {"563102430314", "5631024303"},
		"DHL Paket (JJD)":       {"JJD000390007882373812", "JJD00039000788237381"},
		"DHL Paket (JVGL)":      {"JVGL06000000000", "JVGL06"},
		"DPD (14, 0…)":          {"05308801410058", "15308801410058"},
		"DPD (14 digits)":       {"15308801410058", "1530880141005"},
		"GLS":                   {"50123456789", "5012345678"},
		"Colissimo":             {"8R12345678901", "88123456789012"},
		"Australia Post":        {"33ABC0000001", "33ABC0000"},
		"SF Express":            {"SF1234567890123", "SF123456789012"},
		"SF Express (12)":       {"123456789012", "1234567890123"},
		"YTO":                   {"YT1234567890123", "YT123456789012"},
		"ZTO (14)":              {"75123456789012", "74123456789012"},
		"ZTO (12)":              {"123456789012", "12345678901"},
		"STO (77)":              {"773123456789012", "783123456789012"},
		"STO (55)":              {"5512345678901", "5612345678901"},
		"Yunda (15)":            {"412345678901234", "512345678901234"},
		"Yunda (13)":            {"3123456789012", "312345678901"},
		"JD Logistics":          {"JDX0123456789012-1-2-", "JDX012345678901-1-2-"},
		"J&T Express":           {"JT1234567890123", "JT123456789012"},
		"EMS (13)":              {"1012345678901", "1212345678901"},
		"Deppon":                {"DPK123456789012", "DPL123456789012"},
		"Cainiao":               {"LP00123456789012", "LP0012345678901"},
		"Sandbox":               {"SBX1000TEST0001", "SX1000TEST0001"},
	}
	for _, form := range forms {
		want, ok := numbers[form.name]
		if !ok {
			t.Errorf("%s has no numbers", form.name)
			continue
		}
		i := slices.IndexFunc(formats(), func(f *format) bool { return f.name == form.name })
		if _, ok := formats()[i].match(want.takes); !ok {
			t.Errorf("%s refuses %s", form.name, want.takes)
		}
		if _, ok := formats()[i].match(want.refuses); ok {
			t.Errorf("%s takes %s", form.name, want.refuses)
		}
	}
}

func TestChecksumRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []checksum{{Name: "mod11"}, {Name: "sum_product_with_weightings_and_modulo"}} {
		if _, err := c.check(); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	for _, pattern := range []string{`^4`, `^(?!().+$`} {
		if _, err := prependUnless(pattern, "4"); err == nil {
			t.Errorf("%s is taken", pattern)
		}
	}
}

func FuzzDetect(f *testing.F) {
	all, err := couriers()
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range all {
		for i := range c.Formats {
			for _, number := range append(c.Formats[i].Tests.Valid, c.Formats[i].Tests.Invalid...) {
				f.Add(number, "US", c.Code)
			}
		}
	}
	f.Add("ＳＦ１２３４５６７８９０１２３", "CN", "sf")
	f.Add("\xff1Z\u200b", "", "")
	f.Fuzz(func(t *testing.T, number, country, kind string) {
		hints := Hints{Enabled: []string{kind}, Recent: map[string]int{kind: 3}, Country: country}
		found := Detect(number, hints)
		seen := map[string]bool{}
		for i, c := range found {
			if c.Carrier == "" || c.Format == "" || c.Number == "" || len(c.Number) > 2*longest || c.Score < 0 || c.Score > 100 {
				t.Errorf("%q: %+v", number, c)
			}
			if seen[c.Carrier] {
				t.Errorf("%q: %s twice", number, c.Carrier)
			}
			seen[c.Carrier] = true
			if i > 0 && c.Score > found[i-1].Score {
				t.Errorf("%q: %+v after %+v", number, c, found[i-1])
			}
		}
		if best, ok := Best(found); ok {
			if best != found[0] {
				t.Errorf("%q: best is %+v, first %+v", number, best, found[0])
			}
			again := Detect(best.Number, hints)
			if again[0] != best {
				t.Errorf("%q: as the carrier writes it %+v, before %+v", number, again[0], best)
			}
		}
	})
}
