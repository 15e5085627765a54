package models

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// searchTerm is one word under which an order, its payments and its parcels
// are found. An own index of words works alike on both databases and answers
// prefix searches from an index.
type searchTerm struct {
	Term       string `gorm:"primaryKey"`
	OrderID    string `gorm:"primaryKey"`
	MerchantID string
}

// Bounds of words, in bytes, and of how many a question and a word's tails make.
const (
	maxTerm  = 80
	maxWords = 6
	maxTails = 12
)

func (tx *Tx) addSearchTerms(merchantID, orderID string, texts ...string) error {
	return insertMany(tx, searchTerms(merchantID, orderID, texts...), clause.OnConflict{DoNothing: true})
}

// searchTerms makes one row of each different term of the texts.
func searchTerms(merchantID, orderID string, texts ...string) []searchTerm {
	seen := map[string]bool{}
	var rows []searchTerm
	for _, text := range texts {
		for _, term := range terms(text) {
			if !seen[term] {
				seen[term] = true
				rows = append(rows, searchTerm{Term: term, OrderID: orderID, MerchantID: merchantID})
			}
		}
	}
	return rows
}

func orderTerms(o *Order) []string {
	return []string{o.Number, o.CustomerName, o.CustomerEmail, o.ShippingAddress.PostalCode}
}

// search limits a query of a table to rows of orders that match every word of
// the question, as the start of a term; a full id of an order, a payment or a
// parcel matches too. A question without any word finds nothing.
func (db *DB) search(ctx context.Context, q *gorm.DB, scope Scope, table, question string) *gorm.DB {
	switch {
	case strings.TrimSpace(question) == "":
		return q
	case table == "orders":
		return db.matching(ctx, q, scope, "id", question)
	case db.Dialect == Postgres: // which knows how few rows a word finds
		return db.matching(ctx, q, scope, "order_id", question)
	default: // looked up first: asked for in an order, SQLite would walk all of the merchant's
		return q.Where("id IN (?)", db.matching(ctx, db.q(ctx).Table(table).Select("id"), scope, "order_id", question))
	}
}

// matching is search by the column that names the order.
func (db *DB) matching(ctx context.Context, q *gorm.DB, scope Scope, orderColumn, question string) *gorm.DB {
	found := words(question)
	if len(found) == 0 {
		return q.Where("1 = 0")
	}
	for _, word := range found[:min(len(found), maxWords)] {
		if IsID(PrefixOrder, word) {
			q = q.Where(orderColumn+" = ?", word)
			continue
		}
		q = q.Where(orderColumn+" IN (?)", db.ordersOf(ctx, scope, word))
	}
	return q
}

// ordersOf selects the ids of the orders that a word finds.
func (db *DB) ordersOf(ctx context.Context, scope Scope, word string) *gorm.DB {
	from := func(table string) *gorm.DB {
		return scope.in(db.q(ctx).Table(table).Select("order_id"), "merchant_id")
	}
	switch {
	case IsID(PrefixPayment, word):
		return from("payments").Where("id = ?", word)
	case IsID(PrefixShipment, word):
		return from("shipments").Where("id = ?", word)
	case len(word) == 1: // the start of too much
		return from("search_terms").Where("term = ?", word)
	default:
		// Nothing sorts after U+10FFFF, neither in bytes nor in code points.
		return from("search_terms").Where("term >= ? AND term < ?", word, word+string(rune(unicode.MaxRune)))
	}
}

// terms are what a text is found under: its words; the tails of a word that is
// written without spaces, since a given name stands in its middle; and the
// parts of a number after a dash or a slash.
func terms(text string) []string {
	var out []string
	for _, word := range words(text) {
		out = append(out, word)
		tails := 0
		for i, r := range word {
			if tails == maxTails {
				break
			}
			_, size := utf8.DecodeRuneInString(word[i:])
			switch next := i + size; {
			case next == len(word):
			case r == '-' || r == '/':
				out = append(out, word[next:])
				tails++
			case spaceless(r):
				out = append(out, word[next:])
				tails++
			}
		}
	}
	return out
}

// words splits a text into words without capitals, accents and width. A number,
// e-mail address or tracking number stays whole; what is written without spaces
// is parted from what is not.
func words(text string) []string {
	fields := strings.FieldsFunc(fold(text), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError || strings.ContainsRune(`,;"'()<>、。・`, r)
	})
	var out []string
	for _, field := range fields {
		for _, word := range runs(field) {
			word = strings.Trim(word, ".#-/")
			if len(word) > maxTerm {
				word = strings.ToValidUTF8(word[:maxTerm], "")
			}
			if word != "" {
				out = append(out, word)
			}
		}
	}
	return out
}

// runs parts a word where its script begins or ceases to be written without spaces.
func runs(word string) []string {
	var out []string
	start := 0
	for i, r := range word {
		before, _ := utf8.DecodeLastRuneInString(word[:i])
		if i > 0 && spaceless(r) != spaceless(before) {
			out = append(out, word[start:i])
			start = i
		}
	}
	return append(out, word[start:])
}

// fold makes Müller, MÜLLER and muller one, and full-width letters ordinary.
func fold(text string) string {
	parted := norm.NFKD.String(strings.ToLower(cleanText(text)))
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if r >= 0x0300 && r <= 0x036F { // combining accents
			return -1
		}
		return r
	}, parted))
}

// spaceless says whether a letter is of a script that sets no spaces between words.
func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
