package models

import (
	"context"
	"fmt"
	"strings"
	"unicode"

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

// maxTerm bounds a word, maxWords a question.
const (
	maxTerm  = 80
	maxWords = 6
)

func (tx *Tx) addSearchTerms(merchantID, orderID string, texts ...string) error {
	rows := searchTerms(merchantID, orderID, texts...)
	if len(rows) == 0 {
		return nil
	}
	if err := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error; err != nil {
		return fmt.Errorf("index for search: %w", err)
	}
	return nil
}

// searchTerms makes one row of each different word of the texts.
func searchTerms(merchantID, orderID string, texts ...string) []searchTerm {
	seen := map[string]bool{}
	var rows []searchTerm
	for _, text := range texts {
		for _, term := range words(text) {
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

// search limits a query to rows whose column names an order that matches every
// word of the question, as a prefix; a full id of an object matches too.
func (db *DB) search(ctx context.Context, q *gorm.DB, scope Scope, orderColumn, question string) *gorm.DB {
	found := words(question)
	if len(found) > maxWords {
		found = found[:maxWords]
	}
	for _, word := range found {
		if IsID(PrefixOrder, word) {
			q = q.Where(orderColumn+" = ?", word)
			continue
		}
		terms := scope.in(db.q(ctx).Table("search_terms").Select("order_id"), "merchant_id").
			Where("term >= ? AND term < ?", word, word+string(rune(unicode.MaxRune)))
		q = q.Where(orderColumn+" IN (?)", terms)
	}
	return q
}

// words splits a text into lower-case words; a number, e-mail address or
// tracking number stays whole.
func words(text string) []string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`,;"'()<>`, r)
	})
	out := fields[:0]
	for _, f := range fields {
		f = strings.Trim(f, ".#")
		if len(f) > maxTerm {
			f = strings.ToValidUTF8(f[:maxTerm], "")
		}
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}
