package kuaidi100

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// service is what goes along with the next question about a parcel: the code of
// its company, and whether Kuaidi100 was asked to tell of its news.
type service struct {
	company    string
	subscribed bool
}

const subscribedMark = ":subscribed"

func (s service) String() string {
	if s.subscribed {
		return s.company + subscribedMark
	}
	return s.company
}

func readService(text string) service {
	company, subscribed := strings.CutSuffix(text, subscribedMark)
	return service{company, subscribed}
}

// companies are Kuaidi100's codes of those who carry parcels, from its public
// list of codes.
var companies = map[string]string{
	"sf":            "shunfeng",
	"yto":           "yuantong",
	"zto":           "zhongtong",
	"sto":           "shentong",
	"yunda":         "yunda",
	"jd":            "jd",
	"jt":            "jtexpress",
	"ems":           "ems",
	"chinapost":     "youzhengguonei",
	"deppon":        "debangkuaidi",
	"cainiao":       "danniao",
	"dhl":           "dhlen", // parcels all over the world
	"dhl_parcel_de": "dhlde",
	"ups":           "ups",
	"fedex":         "fedex",
	"usps":          "usps",
	"canadapost":    "canpost",
	"laposte":       "csuivi",
	"australiapost": "auspost",   // not seen in an answer yet
	"royalmail":     "royalmail", // not seen in an answer yet
	"dpd":           "dpd",       // not seen in an answer yet
	"gls":           "gls",       // not seen in an answer yet
}

// forms are the numbers that tell their company by their look alone.
var forms = []struct {
	number  *regexp.Regexp
	company string
}{
	{regexp.MustCompile(`^SF[0-9]{13}$`), "shunfeng"},
	{regexp.MustCompile(`^YT[0-9]{13}$`), "yuantong"},
	{regexp.MustCompile(`^7[3578][0-9]{12}$`), "zhongtong"},
	{regexp.MustCompile(`^77[0-9]{13}$`), "shentong"},
	{regexp.MustCompile(`^JD[A-Z]?[0-9]{13}(?:-[0-9]+-[0-9]+-?)?$`), "jd"},
	{regexp.MustCompile(`^JT[0-9]{13}$`), "jtexpress"},
	{regexp.MustCompile(`^DPK[0-9]{12}$`), "debangkuaidi"},
	{regexp.MustCompile(`^E[A-Z][0-9]{9}CN$`), "ems"},
	{regexp.MustCompile(`^1[01][0-9]{11}$`), "ems"},
	{regexp.MustCompile(`^1Z[0-9A-Z]{16}$`), "ups"},
}

// company finds who carries a parcel: as was said, else by the look of the
// number, else as Kuaidi100 guesses.
func (c *Carrier) company(ctx context.Context, account carriers.Account, parcel carriers.Parcel) (string, *carriers.Error) {
	if code, ok := companies[parcel.Carrier]; ok {
		return code, nil
	}
	for _, form := range forms {
		if form.number.MatchString(fold(parcel.Number)) {
			return form.company, nil
		}
	}
	return c.detect(ctx, account, parcel.Number)
}

// detect asks whose number it may be and takes the likeliest. The call takes the
// key in its address only.
func (c *Carrier) detect(ctx context.Context, account carriers.Account, number string) (string, *carriers.Error) {
	fields, failure := account.Needs("key")
	if failure != nil {
		return "", failure
	}
	query := url.Values{"num": {number}, "key": {fields[0]}}
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, detectHost, detectPath+"?"+query.Encode(), nil)
	if failure != nil {
		return "", failure
	}
	body, failure := c.call(request, fields[0])
	if failure != nil {
		return "", failure
	}
	var guesses []json.RawMessage
	if failure := carriers.Decode(body, &guesses); failure != nil {
		var a answer // refusals are no list
		if json.Unmarshal(body, &a) == nil && a.ReturnCode != "" {
			return "", a.refused(body)
		}
		return "", failure
	}
	for _, raw := range guesses {
		var guess struct {
			Company text `json:"comCode"`
		}
		if json.Unmarshal(raw, &guess) == nil && guess.Company != "" {
			return carriers.Text(string(guess.Company), carriers.MaxCode), nil
		}
	}
	return "", &carriers.Error{
		Kind: carriers.ErrBadRequest, HTTPStatus: http.StatusOK, Raw: body,
		Message: "Kuaidi100 cannot tell who carries this number; choose its carrier",
	}
}

func fold(number string) string { return strings.ToUpper(strings.TrimSpace(number)) }
