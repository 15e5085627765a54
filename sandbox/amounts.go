package sandbox

// Amount is what the end of an amount makes the sandbox do, in formats that know
// no tokens because every customer scans a code. Any other amount waits for
// somebody to scan it.
type Amount struct {
	Ending      string `json:"ending"` // the last two digits in minor units
	Token       string `json:"token"`  // whose outcome it has
	Pays        bool   `json:"pays"`   // the customer pays by themselves a short while after the code was answered
	Description string `json:"description"`
}

// Amounts lists every ending that the sandbox understands.
func Amounts() []Amount { return append([]Amount(nil), amounts...) }

var amounts = []Amount{
	{"01", "tok_success", true, "The customer pays a short while later."},
	{"02", "tok_processing", false, "The customer is paying at first, has paid a short while later."},
	{"03", "tok_processing_fails", false, "The customer is paying at first; the payment fails a short while later."},
	{"04", "tok_declined_never", false, "The order is refused by a rule (RULE_LIMIT)."},
	{"05", "tok_insufficient_funds", false, "The order is refused for want of funds (NOT_ENOUGH)."},
	{"06", "tok_refund_pending", true, "The customer pays; a refund is pending at first, succeeds a short while later."},
	{"07", "tok_refund_fails", true, "The customer pays; a refund is pending at first, is closed a short while later, succeeds when it is sent again."},
	{"08", "tok_refund_fails", true, "The customer pays; a refund is pending at first, a short while later somebody must act (ABNORMAL)."},
	{"11", "tok_slow", true, "The first answer comes after 400 to 1600 ms; then the customer pays."},
	{"12", "tok_timeout_after_charge", true, "The order is made, the first answer never comes; once the code is asked for again the customer pays."},
	{"13", "tok_reset_after_charge", true, "The order is made, the connection reset; once the code is asked for again the customer pays."},
	{"14", "tok_500_after_charge", true, "The order is made and answered with 500; once the code is asked for again the customer pays."},
	{"15", "tok_html_after_charge", true, "The order is made and answered with a web page; once the code is asked for again the customer pays."},
	{"16", "tok_half_json_after_charge", true, "The order is made, its answer breaks off; once the code is asked for again the customer pays."},
}

// amountOf is what the sandbox does with an amount.
func amountOf(minor int64) Amount {
	ending := string([]byte{byte('0' + minor/10%10), byte('0' + minor%10)})
	for _, a := range amounts {
		if a.Ending == ending {
			return a
		}
	}
	return Amount{Ending: ending, Token: "tok_action_required"} //nolint:gosec // the name of a token, no credential
}
