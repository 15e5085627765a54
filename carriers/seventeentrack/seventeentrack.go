// Package seventeentrack follows parcels of nearly every carrier through the
// tracking API of 17TRACK, version 2.2 (https://api.17track.net/en/doc?version=v2.2).
package seventeentrack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives; an account's base URL takes its place. base and
// the name of a call are appended to either.
const (
	host = "https://api.17track.net"
	base = "/track/v2.2/"
)

const batch = 40

// Carrier is 17TRACK.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are a third of the calls a second that 17TRACK is said to take (not
// seen in an answer yet): a question with numbers that are new to it takes two.
func (*Carrier) Limits() carriers.Limits { return carriers.Limits{Batch: batch, PerSecond: 1} }

// Track asks for up to a batch of parcels in one call. Numbers that 17TRACK
// follows for this account are free to ask for; others are registered, which
// costs one of the account's numbers each, and are unknown until it has looked.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, 0, len(parcels))
	for chunk := range slices.Chunk(parcels, batch) {
		answers = append(answers, c.track(ctx, account, chunk)...)
	}
	return answers
}

func (c *Carrier) track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	numbers := make([]wireNumber, len(parcels))
	for i, parcel := range parcels {
		numbers[i] = wireNumber{Number: parcel.Number, Carrier: serviceKey(parcel.Service)}
	}
	var answers []carriers.Answer
	var unknown []int
	body, failure := c.ask(ctx, account, "gettrackinfo", numbers)
	if failure == nil {
		answers, unknown, failure = parse(body, parcels)
	}
	if failure != nil {
		return slices.Repeat([]carriers.Answer{{Err: failure}}, len(parcels))
	}
	if len(unknown) > 0 {
		c.register(ctx, account, parcels, unknown, answers)
	}
	return answers
}

// register has 17TRACK follow numbers and writes into the answers at their
// places what became of it. One number twice is registered once.
func (c *Carrier) register(
	ctx context.Context, account carriers.Account, parcels []carriers.Parcel, places []int, answers []carriers.Answer,
) {
	var numbers []wireNumber
	var asked []carriers.Parcel
	for _, place := range places {
		number := registration(parcels[place])
		asked = append(asked, parcels[place])
		if !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	var outcome []*carriers.Error
	body, failure := c.ask(ctx, account, "register", numbers)
	if failure == nil {
		outcome, failure = parseRegister(body, asked)
	}
	for i, place := range places {
		answers[place].Err = failure
		if failure == nil {
			answers[place].Err = outcome[i]
		}
	}
}

// Test asks what is left of the account's numbers.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, "getquota", []wireNumber{})
	var q quota
	if failure == nil {
		var data json.RawMessage
		if data, failure = open(body); failure == nil {
			failure = carriers.Decode(data, &q)
		}
	}
	if failure != nil {
		return carriers.Probe{}, fmt.Errorf("test the 17TRACK account: %w", failure)
	}
	if left, err := strconv.Atoi(string(q.Left)); err == nil {
		return carriers.Probe{QuotaLeft: &left}, nil
	}
	return carriers.Probe{}, nil
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, call string, numbers []wireNumber) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("token")
	if failure != nil {
		return nil, failure
	}
	token := fields[0]
	question, _ := json.Marshal(numbers) //nolint:errchkjson // texts and numbers always encode
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, base+call, question)
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("17token", token)
	body, failure := carriers.Call(c.client, request, token)
	if failure != nil && failure.Kind == carriers.ErrNotFound {
		// Unknown parcels are told inside a 200; the address itself is wrong.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to 17TRACK"
	}
	return body, failure
}
