package detect

import (
	"slices"
	"strings"
)

// s10 is the name of the format that all posts use for what goes abroad. The
// country at its end is that of the post which took the item in.
const s10 = "S10"

// postPrefix begins the codes of posts that have no code of their own.
const postPrefix = "post_"

// posts are the codes of a country's post. China's has two: letters that begin
// with E are express mail.
func posts(country, service string) []string {
	switch country {
	case "AU":
		return []string{"australiapost"}
	case "BR":
		return []string{"correios"}
	case "CA":
		return []string{"canadapost"}
	case "CN":
		if strings.HasPrefix(service, "E") {
			return []string{"ems"}
		}
		return []string{"chinapost"}
	case "DE":
		return dhlPaket
	case "FR":
		return []string{"laposte"}
	case "GB":
		return []string{"royalmail"}
	case "US":
		return []string{"usps"}
	default:
		return []string{postPrefix + strings.ToLower(country)}
	}
}

// Post is the name of the post that a code post_xx stands for; empty for other
// codes, and for countries whose post is not known.
func Post(code string) string {
	country, ok := strings.CutPrefix(code, postPrefix)
	if !ok {
		return ""
	}
	for _, e := range postOffices() {
		if e.matches(strings.ToUpper(country)) {
			return e.name
		}
	}
	return ""
}

// postOffices are the posts of all countries.
func postOffices() []entry {
	for _, f := range formats() {
		if f.name == s10 {
			i := slices.IndexFunc(f.lookups, func(l lookup) bool { return l.group == "CountryCode" })
			return f.lookups[i].entries
		}
	}
	return nil
}
