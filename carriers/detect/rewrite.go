package detect

import (
	"fmt"
	"regexp"
	"strings"
)

// rewrite is a pattern of the data without what Go's regular expressions lack:
// looking ahead.
type rewrite struct {
	pattern string
	fits    func(number string, group func(name string) string) bool
}

// A USPS number may follow a routing of 420 and the destination's ZIP code. The
// mailer's id has nine digits when it begins with 9, else six.
const impb = `(?:(?<RoutingApplicationId>420)(?<DestinationZip>[0-9]{5})(?<DestinationZipPlus4>[0-9]{4})?)?` +
	`(?<SerialNumber>(?<ApplicationIdentifier>9[2-5])(?<ServiceType>[0-9]{3})` +
	`(?<ShipperId>9[0-9]{8}|[0-8][0-9]{5})(?<PackageId>[0-9]{7}|[0-9]{10}|[0-9]{11}|[0-9]{14}|[0-9]{15}))` +
	`(?<CheckDigit>[0-9])`

// rewritten are the patterns by the names of their formats.
var rewritten = map[string]rewrite{
	"DHL E-Commerce": {pattern: `(?:GM|LX|RX|UV|CN|SG|TH|IN|HK|MY)(?<SerialNumber>[0-9][0-9A-Z]{9,38})`},
	"USPS IMpb N": {pattern: impb, fits: func(number string, group func(string) string) bool {
		return impbLength(number, group) && group("ApplicationIdentifier") == "94"
	}},
	"USPS IMpb C": {pattern: impb, fits: func(number string, group func(string) string) bool {
		nine := strings.HasPrefix(group("ShipperId"), "9")
		if !impbLength(number, group) || len(group("PackageId")) == 15 {
			return false
		}
		switch group("ApplicationIdentifier") {
		case "92":
			return nine
		case "93":
			return !nine
		default:
			return group("ApplicationIdentifier") == "95"
		}
	}},
}

// impbLength says whether the parts together have a length that is in use: 22,
// 26 or 30 digits, of which 30 stand alone, and 26 not after a ZIP code of nine.
func impbLength(number string, group func(string) string) bool {
	routing := len(group("RoutingApplicationId") + group("DestinationZip") + group("DestinationZipPlus4"))
	switch len(number) - routing {
	case 22:
		return true
	case 26:
		return routing < 12
	case 30:
		return routing == 0
	default:
		return false
	}
}

// unless is the one form in which the data ask for what a serial number does
// not begin with.
var unless = regexp.MustCompile(`^\^\(\?!(.+)\)\.\+\$?$`)

// prependUnless puts the content before serial numbers that the pattern matches.
func prependUnless(pattern, content string) (func(string) string, error) {
	parts := unless.FindStringSubmatch(pattern)
	if parts == nil {
		return nil, fmt.Errorf("cannot read when to prepend: %s", pattern)
	}
	begins, err := regexp.Compile(`^(?:` + parts[1] + `)`)
	if err != nil {
		return nil, fmt.Errorf("when to prepend: %w", err)
	}
	return func(serial string) string {
		if begins.MatchString(serial) {
			return serial
		}
		return content + serial
	}, nil
}
