package kuaidi100

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// Verify checks the signature that stands beside the message in the form.
func (*Carrier) Verify(account carriers.Account, w carriers.Webhook) error {
	salt := strings.TrimSpace(account.Fields["salt"])
	if salt == "" {
		return fmt.Errorf("the account has no salt: %w", carriers.ErrSignature)
	}
	param, signature, err := readForm(w.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", carriers.ErrSignature, err)
	}
	if subtle.ConstantTimeCompare([]byte(sign(param+salt)), []byte(signature)) != 1 {
		return carriers.ErrSignature
	}
	return nil
}

// readForm finds the message and its signature, each of which must stand there once.
func readForm(body []byte) (param, signature string, err error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", "", errors.New("the body is no form")
	}
	if len(form["param"]) != 1 || len(form["sign"]) != 1 {
		return "", "", errors.New("the form does not hold one param and one sign")
	}
	return form.Get("param"), form.Get("sign"), nil
}

// Read returns what a push tells of its parcel: nothing but the end of a
// subscription where it holds no scans. The notice has no service, since that
// is no parcel's own.
func (*Carrier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	param, _, err := readForm(body)
	if err != nil {
		return nil, fmt.Errorf("read a push of Kuaidi100: %w", err)
	}
	var p push
	if err := json.Unmarshal([]byte(param), &p); err != nil {
		return nil, errors.New("read a push of Kuaidi100: its param is no JSON object")
	}
	last := p.Last.V
	if last.Number == "" {
		return nil, errors.New("read a push of Kuaidi100: it names no parcel")
	}
	notice := carriers.Notice{
		Type:   carriers.Text(string(p.Status), carriers.MaxCode),
		Number: carriers.Text(string(last.Number), carriers.MaxCode),
	}
	if len(last.Data)+len(p.Abroad.V.Data) > 0 {
		company := firstOf(string(p.NewCompany), string(last.Company))
		known := service{carriers.Text(company, carriers.MaxCode), company != ""}
		notice.Tracking = tracking(notice.Number, known, []byte(param), last, p.Abroad.V)
	}
	return []carriers.Notice{notice}, nil
}

// Acknowledge is the JSON without which Kuaidi100 sends a push three times more.
func (*Carrier) Acknowledge() carriers.Acknowledgment {
	return carriers.Acknowledgment{
		Status: http.StatusOK, ContentType: "application/json",
		Body: `{"result":true,"returnCode":"200","message":"success"}`,
	}
}
