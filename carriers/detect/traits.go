package detect

import "regexp"

// grip is how much the form of a number says about its carrier.
type grip int

// The grips, beginning with the loosest.
const (
	rare   grip = iota // digits of a length that the carrier seldom uses
	bare               // digits of a length, which others use too
	weak               // a letter, or digits at the beginning
	strong             // a beginning that nobody else has
)

// trait is what a format says beside its pattern.
type trait struct {
	grip   grip
	grips  []gripOf // of some numbers, instead; the first that fits
	home   []string // countries of which one is an end of the parcel's way; empty: any
	local  bool     // the carrier serves no others
	loose  bool     // fits so much that it counts only for shops that use the carrier
	barred *regexp.Regexp
}

// gripOf is the grip of numbers that have a form.
type gripOf struct {
	form *regexp.Regexp
	grip grip
}

func when(form string, g grip) gripOf { return gripOf{regexp.MustCompile(form), g} }

var (
	inUS = []string{"US"}
	inCA = []string{"CA"}
	inCN = []string{"CN"}
	inDE = []string{"DE"}
	inGB = []string{"GB"}
)

// traits are those of the data's formats, by name.
var traits = map[string]trait{
	"Amazon Logistics":                 {grip: strong, local: true, home: []string{"US", "CA", "MX"}},
	"Amazon International":             {grip: weak},
	"Canada Post (16)":                 {grip: bare, home: inCA},
	"Canpar (22)":                      {grip: strong, home: inCA, local: true},
	"DHL Express":                      {grip: bare, grips: []gripOf{when(`^[0-9]{11}$`, rare)}},
	"DHL Express (Piece ID)":           {grip: weak, grips: []gripOf{when(`^(JJD|JVGL)`, strong)}},
	"DHL E-Commerce":                   {grip: weak, grips: []gripOf{when(`^GM`, strong)}},
	"DHL E-Commerce (14)":              {grip: bare, home: inUS},
	"DPD (28)":                         {grip: bare, grips: []gripOf{when(`[A-Z]$`, strong)}},
	"DPD (14)":                         {grip: bare, grips: []gripOf{when(`[A-Z]$`, strong)}},
	"FedEx Express (12)":               {grip: bare},
	"FedEx Express (34)":               {grip: bare, grips: []gripOf{when(`^1`, weak)}},
	"FedEx ASTRA (32)":                 {grip: weak},
	"FedEx Ground":                     {grip: bare, home: []string{"US", "CA"}},
	"FedEx Ground (SSCC-18)":           {grip: bare, home: []string{"US", "CA"}},
	"FedEx Ground 96 (22)":             {grip: strong, home: []string{"US", "CA"}},
	"FedEx Ground GSN":                 {grip: strong, home: []string{"US", "CA"}},
	"GOFO Express (US)":                {grip: strong, home: inUS, local: true},
	"Landmark Global LTN":              {grip: strong},
	"LaserShip LX":                     {grip: strong, home: inUS, local: true},
	"LaserShip 1LS7 (15)":              {grip: strong, home: inUS, local: true},
	"LaserShip 1LS7 (18)":              {grip: strong, home: inUS, local: true},
	"LaserShip 1LSCX (15)":             {grip: strong, home: inUS, local: true},
	"Old Dominion":                     {grip: weak, home: inUS},
	"Old Dominion Guaranteed Shipment": {grip: weak, home: inUS},
	"OnTrac":                           {grip: weak, home: inUS, local: true},
	"OnTrac D":                         {grip: weak, home: inUS, local: true},
	"Purolator (12)":                   {grip: bare, home: inCA, local: true},
	"Purolator (alpha + 9)":            {grip: strong, grips: []gripOf{when(`^J`, weak)}, home: inCA, local: true},
	s10:                                {grip: strong},
	"Spee-Dee (20)":                    {grip: strong, home: inUS, local: true},
	"UPS":                              {grip: strong},
	"UPS Waybill":                      {grip: weak},
	// 00 begins an SSCC, which is never the USPS's: DHL Paket's 0034… are such.
	"USPS 20":     {grip: bare, home: inUS, barred: regexp.MustCompile(`^00`)},
	"USPS IMpb N": {grip: strong, home: inUS},
	"USPS Legacy": {grip: bare, grips: []gripOf{when(`^(91|420)`, strong)}, home: inUS, barred: regexp.MustCompile(`^00`)},
	"USPS IMpb C": {grip: strong, home: inUS},
	"Yodel":       {grip: strong, home: inGB, local: true},
	"YunExpress":  {grip: strong},
}

// gripOf is the grip of a number. A part that is listed makes digits more than
// digits.
func (m *match) gripOf() grip {
	for _, g := range m.grips {
		if g.form.MatchString(m.number) {
			return g.grip
		}
	}
	if m.grip == bare && m.listed && !m.unlisted {
		return weak
	}
	return m.grip
}
