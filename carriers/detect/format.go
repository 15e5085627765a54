package detect

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// format is one form of a carrier's numbers.
type format struct {
	trait

	name     string
	carriers []string // codes of one company, of which one is meant: the usual first, the narrowest last
	pattern  *regexp.Regexp
	fits     func(number string, group func(name string) string) bool // what the pattern cannot say; nil: nothing
	check    check                                                    // nil: the number has no check digit
	prepend  func(serial string) string                               // makes what the check digit is of; nil: as it stands
	lookups  []lookup
}

// lookup is a part of the number whose meaning is known.
type lookup struct {
	group    string
	required bool // a part that is not listed makes the number another's
	entries  []entry
}

// entry is one meaning of a part.
type entry struct {
	matches func(part string) bool
	name    string
	country string // its code
	land    string // its name
}

// match is a number in a format.
type match struct {
	*format

	number   string
	carriers []string
	country  string
	service  string
	listed   bool // a part of it is listed
	unlisted bool // a part of it should be listed and is not
	misread  bool // its check digit is wrong
}

// formats are all forms that are known. They are read at first use.
var formats = sync.OnceValue(func() []*format {
	found, err := load()
	if err != nil {
		panic(err) // the data are part of the program and tested
	}
	return found
})

// match reads a number; false when it does not have the format.
func (f *format) match(number string) (match, bool) {
	m, ok := f.shape(number)
	return m, ok && !m.misread
}

// shape reads a number whose check digit may be wrong.
func (f *format) shape(number string) (match, bool) {
	parts := f.pattern.FindStringSubmatch(number)
	if parts == nil {
		return match{}, false
	}
	group := func(name string) string {
		if i := f.pattern.SubexpIndex(name); i >= 0 {
			return parts[i]
		}
		return ""
	}
	if f.fits != nil && !f.fits(number, group) {
		return match{}, false
	}
	m := match{format: f, number: number, carriers: f.carriers}
	if f.check != nil {
		serial := group("SerialNumber")
		if f.prepend != nil {
			serial = f.prepend(serial)
		}
		m.misread = !f.check(serial, group("CheckDigit"))
	}
	ok := m.read(group)
	return m, ok
}

// read finds out what the parts mean; false when one must mean something and
// does not.
func (m *match) read(group func(name string) string) bool {
	for _, l := range m.lookups {
		part := group(l.group)
		if part == "" {
			continue
		}
		e := l.find(part)
		switch {
		case e == nil && l.required:
			return false
		case e == nil:
			m.unlisted = true
			continue
		}
		m.listed = true
		switch l.group {
		case "ServiceType":
			m.service = e.name
		case "CountryCode":
			m.country = e.country
		}
	}
	if m.name == s10 {
		m.carriers = posts(m.country, group("ServiceType"))
	}
	return true
}

func (l *lookup) find(part string) *entry {
	for i := range l.entries {
		if l.entries[i].matches(part) {
			return &l.entries[i]
		}
	}
	return nil
}

// exactly matches one part alone.
func exactly(text string) func(string) bool {
	return func(part string) bool { return part == text }
}

// wholly matches parts by a pattern for all of them.
func wholly(pattern string) (func(string) bool, error) {
	re, err := compile(pattern)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}

// compile makes a pattern match whole numbers, from which blanks were taken out.
func compile(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`^(?:` + strings.ReplaceAll(pattern, `\s*`, "") + `)$`)
	if err != nil {
		return nil, fmt.Errorf("pattern of tracking numbers: %w", err)
	}
	return re, nil
}
