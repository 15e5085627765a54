package detect

// dhlPaket are the codes by which the parcels of DHL in Germany can be followed;
// which one is meant, the shop's accounts say.
var dhlPaket = []string{"dhl", "dhl_parcel_de"}

// form is a format that the data lack.
type form struct {
	trait

	name     string
	carriers []string
	pattern  string // for whole numbers; SerialNumber and CheckDigit name what is checked
	check    check
}

// forms are facts from here and there: what the carriers print on labels and
// tell at their help pages. Those marked "unverified" nobody has confirmed by a
// document of the carrier: correct them here.
var forms = []form{
	// An SSCC of Deutsche Post DHL's base number 34, checked as GS1 does, 3 first.
	{
		name: "DHL Paket (20)", carriers: dhlPaket, trait: trait{grip: strong, home: inDE},
		pattern: `(?<SerialNumber>0034[0-9]{15})(?<CheckDigit>[0-9])`, check: mod10(3, 1, false),
	},
	// The Identcode: weights 4 and 9.
	{
		name: "DHL Paket (12)", carriers: dhlPaket, trait: trait{grip: bare, home: inDE},
		pattern: `(?<SerialNumber>[0-9]{11})(?<CheckDigit>[0-9])`, check: mod10(4, 9, false),
	},
	// Unverified: whether all numbers of twelve digits are Identcodes.
	{name: "DHL Paket (12 digits)", carriers: dhlPaket, trait: trait{grip: rare, home: inDE}, pattern: `[0-9]{12}`},
	{name: "DHL Paket (JJD)", carriers: dhlPaket, trait: trait{grip: strong, home: inDE}, pattern: `JJD[0-9]{18}`},
	// Unverified: lengths.
	{name: "DHL Paket (JVGL)", carriers: dhlPaket, trait: trait{grip: strong}, pattern: `JVGL[0-9]{11,20}`},

	// The depot, of four digits, often begins with 0. Unverified: of which countries.
	{name: "DPD (14, 0…)", carriers: []string{"dpd"}, trait: trait{grip: weak, home: dpdHome}, pattern: `0[0-9]{13}`},
	{name: "DPD (14 digits)", carriers: []string{"dpd"}, trait: trait{grip: bare, home: dpdHome}, pattern: `[0-9]{14}`},
	// Unverified: the check digit, which is therefore not looked at.
	{name: "GLS", carriers: []string{"gls"}, trait: trait{grip: bare, home: glsHome}, pattern: `[0-9]{11,12}`},
	{name: "Colissimo", carriers: []string{"laposte"}, trait: trait{grip: strong, home: []string{"FR", "MC", "AD"}}, pattern: `[0-9][A-Z][0-9]{11}`},
	// As many forms as contracts: only for shops that send with them.
	{name: "Australia Post", carriers: []string{"australiapost"}, trait: trait{grip: rare, home: []string{"AU"}, loose: true}, pattern: `[0-9A-Z]{10,23}`},

	// Carriers of China. Unverified: which numbers of twelve digits are SF's.
	{name: "SF Express", carriers: []string{"sf"}, trait: trait{grip: strong, home: sfHome}, pattern: `SF[0-9]{13}`},
	{name: "SF Express (12)", carriers: []string{"sf"}, trait: trait{grip: bare, home: sfHome}, pattern: `[0-9]{12}`},
	{name: "YTO", carriers: []string{"yto"}, trait: trait{grip: strong, home: inCN}, pattern: `YT[0-9]{13}`},
	// Unverified from here to Cainiao; of STO's second form the lengths too.
	{name: "ZTO (14)", carriers: []string{"zto"}, trait: trait{grip: weak, home: inCN, local: true}, pattern: `7[3578][0-9]{12}`},
	{name: "ZTO (12)", carriers: []string{"zto"}, trait: trait{grip: rare, home: inCN, local: true}, pattern: `[0-9]{12}`},
	{name: "STO (77)", carriers: []string{"sto"}, trait: trait{grip: weak, home: inCN, local: true}, pattern: `77[0-9]{13}`},
	{name: "STO (55)", carriers: []string{"sto"}, trait: trait{grip: rare, home: inCN, local: true}, pattern: `55[0-9]{11,13}`},
	{name: "Yunda (15)", carriers: []string{"yunda"}, trait: trait{grip: weak, home: inCN, local: true}, pattern: `4[0-9]{14}`},
	{name: "Yunda (13)", carriers: []string{"yunda"}, trait: trait{grip: bare, home: inCN, local: true}, pattern: `[0-9]{13}`},
	{name: "JD Logistics", carriers: []string{"jd"}, trait: trait{grip: strong, home: inCN}, pattern: `JD[A-Z]?[0-9]{13}(-[0-9]+-[0-9]+-?)?`},
	{name: "J&T Express", carriers: []string{"jt"}, trait: trait{grip: strong}, pattern: `JT[0-9]{13}`},
	{name: "EMS (13)", carriers: []string{"ems"}, trait: trait{grip: weak, home: inCN, local: true}, pattern: `1[01][0-9]{11}`},
	{name: "Deppon", carriers: []string{"deppon"}, trait: trait{grip: strong, home: inCN, local: true}, pattern: `DPK[0-9]{12}`},
	{name: "Cainiao", carriers: []string{"cainiao"}, trait: trait{grip: strong, home: inCN}, pattern: `LP[0-9]{14,16}`},

	// The parcels of `tillpost sandbox`, which only its own accounts can follow.
	{name: "Sandbox", carriers: []string{"sandbox"}, trait: trait{grip: strong, loose: true}, pattern: `SB[A-Z0-9-]{3,38}`},
}

var (
	sfHome  = []string{"CN", "HK", "MO", "TW"}
	dpdHome = []string{"DE", "FR", "GB", "NL", "BE", "LU", "AT", "CH", "PL", "CZ", "SK", "HU", "SI", "HR", "EE", "LV", "LT", "IE", "PT", "ES", "IT"}
	glsHome = []string{"DE", "FR", "NL", "BE", "LU", "AT", "IT", "ES", "PT", "DK", "PL", "CZ", "SK", "HU", "SI", "HR", "RO", "IE", "FI"}
)

// ours are the forms as formats.
func ours() ([]*format, error) {
	found := make([]*format, len(forms))
	for i, f := range forms {
		pattern, err := compile(f.pattern)
		if err != nil {
			return nil, err
		}
		found[i] = &format{trait: f.trait, name: f.name, carriers: f.carriers, pattern: pattern, check: f.check}
	}
	return found, nil
}
