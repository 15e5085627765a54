// Package sf follows parcels of SF Express through the route query of its
// open platform Fengqiao (https://open.sf-express.com, EXP_RECE_SEARCH_ROUTES).
package sf

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the platform lives; an account's base URL takes its place, for
// one https://sfapi-sbox.sf-express.com, the sandbox. path is appended to either.
const (
	host = "https://bspgw.sf-express.com"
	path = "/std/service"
)

const batch = 10

// testNumber has the form of a number and belongs to nobody.
const testNumber = "SF0000000000000"

// Carrier is SF Express.
type Carrier struct {
	client    *http.Client
	now       func() time.Time
	requestID func() string
}

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier {
	return &Carrier{client: client, now: time.Now, requestID: randomID}
}

// Limits stay well below what SF names for each interface in its test
// environment: 30 calls a second and 3,000 a day.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 10, PerDay: 3000}
}

// Track asks for up to a batch of parcels in one call, or in two: SF wants the
// phone digits of a question in the order of its numbers, so parcels without
// digits are asked for apart.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	var with, without []int
	for i, parcel := range parcels {
		if parcel.RecipientPhoneLast4 != "" {
			with = append(with, i)
		} else {
			without = append(without, i)
		}
	}
	for _, group := range [][]int{with, without} {
		for places := range slices.Chunk(group, batch) {
			chunk := make([]carriers.Parcel, len(places))
			for i, place := range places {
				chunk[i] = parcels[place]
			}
			for i, answer := range c.track(ctx, account, chunk) {
				answers[places[i]] = answer
			}
		}
	}
	return answers
}

func (c *Carrier) track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	body, failure := c.ask(ctx, account, parcels)
	if failure == nil {
		var found []carriers.Answer
		if found, failure = parse(body, parcels); failure == nil {
			return found
		}
	}
	return slices.Repeat([]carriers.Answer{{Err: failure}}, len(parcels))
}

// Test asks for a number that nobody has. Whatever SF says of it, it says so
// only to an account whose signature it accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, []carriers.Parcel{{Number: testNumber}})
	if failure == nil {
		_, failure = open(body)
	}
	if failure != nil {
		return carriers.Probe{}, fmt.Errorf("test the SF Express account: %w", failure)
	}
	return carriers.Probe{}, nil
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("partner_id", "checkword")
	if failure != nil {
		return nil, failure
	}
	partner, checkword := fields[0], fields[1]
	message, timestamp := question(parcels), strconv.FormatInt(c.now().UnixMilli(), 10)
	signature := digest(message, timestamp, checkword)
	form := url.Values{
		"partnerID": {partner}, "requestID": {c.requestID()}, "serviceCode": {"EXP_RECE_SEARCH_ROUTES"},
		"timestamp": {timestamp}, "msgDigest": {signature}, "msgData": {message},
	}
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, path, []byte(form.Encode()))
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	body, failure := carriers.Call(c.client, request, checkword, signature)
	if failure != nil && failure.Kind == carriers.ErrNotFound {
		// Unknown parcels are told inside a 200; the address itself is wrong.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to SF Express"
	}
	return body, failure
}

// question is the message in JSON. Digits of phones go along one for each number.
func question(parcels []carriers.Parcel) string {
	numbers, digits := make([]string, len(parcels)), make([]string, len(parcels))
	for i, parcel := range parcels {
		numbers[i], digits[i] = parcel.Number, parcel.RecipientPhoneLast4
	}
	q := wireQuestion{Language: "zh-CN", TrackingType: "1", Numbers: numbers, MethodType: "1"}
	if digits[0] != "" {
		q.PhoneDigits = strings.Join(digits, ",")
	}
	message, _ := json.Marshal(q) //nolint:errchkjson // texts always encode
	return string(message)
}

func randomID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails, or ends the process
	return hex.EncodeToString(id[:])
}
