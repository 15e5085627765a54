package detect

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed data/*.json
var files embed.FS

// courier is a file of the data, as far as it is used here.
type courier struct {
	Code    string       `json:"courier_code"`
	Formats []dataFormat `json:"tracking_numbers"`
}

type dataFormat struct {
	Name       string `json:"name"`
	Regex      text   `json:"regex"`
	Validation struct {
		Checksum   checksum `json:"checksum"`
		Additional struct {
			Exists []string `json:"exists"`
		} `json:"additional"`
		Serial struct {
			PrependIf struct {
				Pattern string `json:"matches_regex"`
				Content string `json:"content"`
			} `json:"prepend_if"`
		} `json:"serial_number_format"`
	} `json:"validation"`
	Additional []struct {
		Name   string      `json:"name"`
		Group  string      `json:"regex_group_name"`
		Lookup []dataEntry `json:"lookup"`
	} `json:"additional"`
	Tests struct {
		Valid   []string `json:"valid"`
		Invalid []string `json:"invalid"`
	} `json:"test_numbers"`
}

type dataEntry struct {
	Matches string `json:"matches"`
	Pattern string `json:"matches_regex"`
	Name    string `json:"name"`
	Country string `json:"country_short_code"`
	Land    string `json:"country"`
	Courier string `json:"courier"`
}

// text is a text that may be written in several pieces.
type text string

// UnmarshalJSON joins the pieces.
func (t *text) UnmarshalJSON(body []byte) error {
	pieces := make([]string, 1)
	var err error
	if len(body) > 0 && body[0] != '[' {
		err = json.Unmarshal(body, &pieces[0])
	} else {
		err = json.Unmarshal(body, &pieces)
	}
	if err != nil {
		return fmt.Errorf("text in pieces: %w", err)
	}
	*t = text(strings.Join(pieces, ""))
	return nil
}

// codes are our names of couriers that the data name otherwise.
var codes = map[string]string{"canada_post": "canadapost"}

func couriers() ([]courier, error) {
	names, err := fs.Glob(files, "data/*.json")
	if err != nil {
		return nil, fmt.Errorf("list formats: %w", err)
	}
	var found []courier
	for _, name := range names {
		body, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var c courier
		if err := json.Unmarshal(body, &c); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		found = append(found, c)
	}
	return found, nil
}

// load makes formats of the data and of our own table.
func load() ([]*format, error) {
	all, err := couriers()
	if err != nil {
		return nil, err
	}
	var found []*format
	for _, c := range all {
		for i := range c.Formats {
			f, err := c.Formats[i].format(c.Code)
			if err != nil {
				return nil, fmt.Errorf("format %s: %w", c.Formats[i].Name, err)
			}
			found = append(found, f)
		}
	}
	own, err := ours()
	return append(found, own...), err
}

func (d *dataFormat) format(code string) (*format, error) {
	f := &format{name: d.Name, carriers: []string{cmp.Or(codes[code], code)}, trait: traits[d.Name]}
	pattern := string(d.Regex)
	if r, ok := rewritten[d.Name]; ok {
		pattern, f.fits = r.pattern, r.fits
	}
	var err error
	if f.pattern, err = compile(pattern); err != nil {
		return nil, err
	}
	if f.check, err = d.Validation.Checksum.check(); err != nil {
		return nil, err
	}
	if p := d.Validation.Serial.PrependIf; p.Content != "" {
		if f.prepend, err = prependUnless(p.Pattern, p.Content); err != nil {
			return nil, err
		}
	}
	for _, a := range d.Additional {
		l := lookup{group: a.Group, required: slices.Contains(d.Validation.Additional.Exists, a.Name)}
		for _, e := range a.Lookup {
			made, err := e.entry()
			if err != nil {
				return nil, err
			}
			l.entries = append(l.entries, made)
		}
		f.lookups = append(f.lookups, l)
	}
	return f, nil
}

func (d dataEntry) entry() (e entry, err error) {
	e = entry{name: cmp.Or(d.Name, d.Courier), country: cmp.Or(d.Country, d.Matches), land: d.Land, matches: exactly(d.Matches)}
	if d.Pattern != "" {
		e.matches, err = wholly(d.Pattern)
	}
	return e, err
}
