package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tillpost/tillpost/carriers"
)

// news is a webhook's body.
type news struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		Parcel json.RawMessage `json:"parcel"` // as in an answer
	} `json:"data"`
}

// Verify checks the header Sandbox-Signature of a webhook:
// t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">.
func (*Carrier) Verify(account carriers.Account, w carriers.Webhook) error {
	fields, failure := account.Needs("webhook_secret")
	if failure != nil {
		return fmt.Errorf("%w: %s", carriers.ErrSignature, failure.Message)
	}
	return w.VerifyStamp("Sandbox-Signature", fields[0])
}

// Read returns the parcel that a webhook is about, with all that is known of it.
func (*Carrier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	var n news
	if failure := carriers.Decode(body, &n); failure != nil {
		return nil, failure
	}
	if n.ID == "" || n.Type == "" {
		return nil, errors.New("the body is no event of the sandbox")
	}
	notice := carriers.Notice{ID: carriers.Text(n.ID, carriers.MaxCode), Type: carriers.Text(n.Type, carriers.MaxCode)}
	if notice.Type != "parcel.updated" {
		return []carriers.Notice{notice}, nil
	}
	var p parcel
	if failure := carriers.Decode(n.Data.Parcel, &p); failure != nil {
		return nil, failure
	}
	if fold(p.Number) == "" {
		return nil, errors.New("the event does not say which parcel it is about")
	}
	notice.Number, notice.Tracking = p.Number, p.tracking(n.Data.Parcel)
	return []carriers.Notice{notice}, nil
}

// Acknowledge is an empty 200.
func (*Carrier) Acknowledge() carriers.Acknowledgment { return carriers.Acknowledgment{} }
