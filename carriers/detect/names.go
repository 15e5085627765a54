package carriers

import (
	"cmp"

	"github.com/tillpost/tillpost/carriers/detect"
)

// names are those of carriers and aggregators, which are the same in every
// language. Posts that have no code of their own are named by detect.
var names = map[string]string{
	"aftership":      "AfterShip",
	"amazon":         "Amazon Logistics",
	"australiapost":  "Australia Post",
	"cainiao":        "Cainiao",
	"canadapost":     "Canada Post",
	"canpar":         "Canpar",
	"chinapost":      "China Post",
	"correios":       "Correios",
	"deppon":         "Deppon",
	"dhl":            "DHL",
	"dhl_parcel_de":  "DHL Parcel DE",
	"dpd":            "DPD",
	"easypost":       "EasyPost",
	"ems":            "EMS",
	"fedex":          "FedEx",
	"gls":            "GLS",
	"gofo":           "GOFO Express",
	"jd":             "JD Logistics",
	"jt":             "J&T Express",
	"kuaidi100":      "Kuaidi100",
	"landmark":       "Landmark Global",
	"laposte":        "La Poste",
	"lasership":      "LaserShip",
	"old_dominion":   "Old Dominion Freight Line",
	"ontrac":         "OnTrac",
	"purolator":      "Purolator",
	"royalmail":      "Royal Mail",
	"sandbox":        "Sandbox",
	"seventeentrack": "17TRACK",
	"sf":             "SF Express",
	"shippo":         "Shippo",
	"speedee":        "Spee-Dee Delivery",
	"sto":            "STO Express",
	"ups":            "UPS",
	"usps":           "USPS",
	"yodel":          "Yodel",
	"yto":            "YTO Express",
	"yunda":          "Yunda Express",
	"yunexpress":     "YunExpress",
	"zto":            "ZTO Express",
}

// Name is what people call the carrier of a code; the code itself when nobody
// said.
func Name(code string) string { return cmp.Or(names[code], detect.Post(code), code) }
