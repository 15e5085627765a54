package sandbox

// adyenDigits is how many digits more than in ISO 4217 amounts have.
var adyenDigits = map[string]int{"CLP": 2, "ISK": 2, "CVE": -2, "IDR": -2}

func adyenFromWire(a adyenAmount) (value int64, whole bool) {
	switch adyenDigits[a.Currency] {
	case 2:
		return a.Value / 100, a.Value%100 == 0
	case -2:
		return a.Value * 100, true
	default:
		return a.Value, true
	}
}

func adyenToWire(value int64, currency string) adyenAmount {
	switch adyenDigits[currency] {
	case 2:
		value *= 100
	case -2:
		value /= 100
	}
	return adyenAmount{value, currency}
}

// adyenRefusal is a refusal in Adyen's words.
type adyenRefusal struct{ code, reason, raw string }

var adyenRefusals = map[string]adyenRefusal{
	"transaction_not_allowed": {code: "23", reason: "Transaction Not Permitted"},
	"incorrect_number":        {code: "8", reason: "Invalid Card Number"},
	"issuer_not_available":    {code: "9", reason: "Issuer Unavailable"},
	"insufficient_funds":      {code: "12", reason: "Not enough balance"},
	"card_velocity_exceeded":  {code: "29", reason: "Withdrawal count exceeded"},
	"processing_error":        {code: "4", reason: "Acquirer Error"},
	"expired_card":            {code: "6", reason: "Expired Card"},
	"incorrect_cvc":           {code: "24", reason: "CVC Declined"},
	"authentication_required": {code: "38", reason: "Authentication required"},
	"authentication_failed":   {code: "11", reason: "3D Not Authenticated"},
	"lost_card":               {code: "5", reason: "Blocked Card"},
	"stolen_card":             {code: "5", reason: "Blocked Card"},
	"fraudulent":              {code: "20", reason: "FRAUD"},
}

func adyenRefusalOf(o *Outcome) adyenRefusal {
	r, known := adyenRefusals[o.Code]
	if !known {
		r = adyenRefusal{code: "2", reason: "Refused"}
	}
	if o.NetworkCode != "" {
		r.raw = o.NetworkCode + " : " + o.Message
	}
	return r
}
