package shippo

import (
	"errors"
	"fmt"

	"github.com/tillpost/tillpost/carriers"
)

// Read returns what a webhook tells: a parcel, or something of no consequence.
// Shippo's messages have no id.
func (*Carrier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	var h hook
	if failure := carriers.Decode(body, &h); failure != nil {
		return nil, failure
	}
	if h.Event == "" {
		return nil, errors.New("the body is no webhook of Shippo")
	}
	notice := carriers.Notice{Type: carriers.Text(string(h.Event), carriers.MaxCode)}
	if h.Event != "track_updated" {
		return []carriers.Notice{notice}, nil
	}
	t, failure := decode(h.Data)
	if failure != nil {
		return nil, fmt.Errorf("read what a webhook of Shippo is about: %w", failure)
	}
	notice.Number = string(t.Number) // the carrier's code, by which Shippo is asked, names no parcel
	notice.Tracking = t.tracking(h.Data)
	return []carriers.Notice{notice}, nil
}

// Acknowledge is an empty 200; Shippo waits three seconds for it.
func (*Carrier) Acknowledge() carriers.Acknowledgment { return carriers.Acknowledgment{} }
