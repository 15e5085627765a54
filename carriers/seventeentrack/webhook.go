package seventeentrack

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// Verify checks the header "sign": the hex of a SHA-256 over the body and the
// account's token.
func (*Carrier) Verify(account carriers.Account, w carriers.Webhook) error {
	token := strings.TrimSpace(account.Fields["token"])
	if token == "" {
		return fmt.Errorf("the account has no token: %w", carriers.ErrSignature)
	}
	sum := sha256.New()
	sum.Write(w.Body)
	sum.Write([]byte("/" + token))
	want := hex.EncodeToString(sum.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(want), []byte(w.Header.Get("sign"))) != 1 {
		return carriers.ErrSignature
	}
	return nil
}

// Read returns what a webhook tells of its parcel: nothing but that it is not
// followed any more where it holds no scans. The notice has no service, since
// that is no parcel's own.
func (*Carrier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	var message struct {
		Event text                       `json:"event"`
		Data  carriers.Lenient[accepted] `json:"data"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return nil, errors.New("read a webhook of 17TRACK: it is no JSON object")
	}
	parcel := message.Data.V
	if parcel.Number == "" {
		return nil, errors.New("read a webhook of 17TRACK: it names no parcel")
	}
	return []carriers.Notice{{
		Type:     carriers.Text(string(message.Event), carriers.MaxCode),
		Number:   carriers.Text(string(parcel.Number), carriers.MaxCode),
		Tracking: parcel.tracking(body),
	}}, nil
}

// Acknowledge is an empty 200.
func (*Carrier) Acknowledge() carriers.Acknowledgment { return carriers.Acknowledgment{} }
