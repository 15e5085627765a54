package handlers

import (
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// Bounds of an order's metadata and times.
const (
	maxMetaKeys  = 50
	maxMetaKey   = 40
	maxMetaValue = 500
)

var (
	firstTime  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	placedLead = 24 * time.Hour // a shop's clock may be ahead
	promisedIn = 10 * 366 * 24 * time.Hour
)

// checker gathers what is wrong with an input beyond its schema.
type checker struct {
	fields []fieldProblem
}

func (k *checker) fail(field, code string) {
	k.fields = append(k.fields, fieldError(field, code, impossible))
}

// err is the error of all that was found.
func (k *checker) err() error {
	if len(k.fields) == 0 {
		return nil
	}
	return invalidInput(k.fields)
}

// text trims a text in place; a required one must not be empty then.
func (k *checker) text(field string, value *string, required bool) {
	*value = strings.TrimSpace(*value)
	if required && *value == "" {
		k.fail(field, "required")
	}
}

// noCard refuses a text in which a card number stands. Numbers of orders,
// articles and parcels are not asked: one in fifty would pass for one.
func (k *checker) noCard(field, value string) {
	if payments.HoldsCardNumber(value) {
		k.fail(field, "card_number_refused")
	}
}

func (k *checker) currency(field, value string) {
	if !models.ValidCurrency(value) {
		k.fail(field, "unknown_currency")
	}
}

// email checks that an address could be one; whether it is, only mail can tell.
func (k *checker) email(field string, value *string) {
	k.text(field, value, false)
	if *value == "" {
		return
	}
	parsed, err := mail.ParseAddress(*value)
	if err != nil || parsed.Address != *value {
		k.fail(field, "bad_email")
	}
}

// country checks an ISO 3166-1 code of two letters.
func (k *checker) country(field string, value *string) {
	*value = strings.ToUpper(strings.TrimSpace(*value))
	if *value == "" {
		return
	}
	region, err := language.ParseRegion(*value)
	if err != nil || len(*value) != 2 || !region.IsCountry() || region.String() != *value {
		k.fail(field, "unknown_country")
	}
}

// between checks a time that may be absent, and brings it into the form in which
// it is stored and shown.
func (k *checker) between(field string, value *time.Time, from, to time.Time) {
	if value == nil {
		return
	}
	*value = value.UTC().Truncate(time.Microsecond)
	if value.Before(from) || value.After(to) {
		k.fail(field, "time_out_of_range")
	}
}

// address checks where a customer is led back to.
func (k *checker) address(field string, value *string) {
	k.text(field, value, false)
	if *value == "" {
		return
	}
	u, err := url.Parse(*value)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		k.fail(field, "bad_url")
	}
	k.noCard(field, *value)
}

func (k *checker) metadata(field string, values map[string]string) {
	if len(values) > maxMetaKeys {
		k.fail(field, "too_many")
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		switch {
		case strings.TrimSpace(key) == "", utf8.RuneCountInString(key) > maxMetaKey:
			k.fail(field, "metadata_key")
		case payments.HoldsCardNumber(key):
			k.fail(field, "card_number_refused") // without the key, which would repeat it
		case utf8.RuneCountInString(values[key]) > maxMetaValue:
			k.fail(fmt.Sprintf("%s.%s", field, key), "too_long")
		default:
			k.noCard(fmt.Sprintf("%s.%s", field, key), values[key])
		}
	}
}

// oneOrder checks that an order is named by its id or by its number, not both.
func (k *checker) oneOrder(id, number *string) {
	k.text("order_id", id, false)
	k.text("order_number", number, false)
	switch {
	case *id == "" && *number == "":
		k.fail("order_id", "required")
	case *id != "" && *number != "":
		k.fail("order_number", "order_named_twice")
	}
}
