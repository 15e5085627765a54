package importer

import (
	"fmt"
	"strconv"
	"time"
)

// row is one record of a file. Its first problem is kept and later ones are
// not, so that fields can be read one after the other and judged at the end.
type row struct {
	table  *table
	line   int
	fields []string

	refusal string // why it is not taken; empty while it can be
	missing string // what it is taken without
}

func (r *row) refusef(format string, args ...any) {
	if r.refusal == "" {
		r.refusal = fmt.Sprintf(format, args...)
	}
}

// text reads a field; a column that the file does not have is empty.
func (r *row) text(column string) string {
	i, ok := r.table.columns[column]
	if !ok || i >= len(r.fields) {
		return ""
	}
	return r.fields[i]
}

// required reads a field that must not be empty.
func (r *row) required(column string) string {
	text := r.text(column)
	if text == "" {
		r.refusef("%s is empty", column)
	}
	return text
}

// or reads a field, with a value for an empty one.
func (r *row) or(column, empty string) string {
	if text := r.text(column); text != "" {
		return text
	}
	return empty
}

// amount reads a decimal as minor units of a currency with so many digits.
func (r *row) amount(column string, digits int) int64 {
	amount, err := parseAmount(r.required(column), digits)
	if err != nil {
		r.refusef("%s: %v", column, err)
	}
	return amount
}

// count reads a whole number of at least 1.
func (r *row) count(column, empty string) int64 {
	text := r.or(column, empty)
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		r.refusef("%s: %q is not a whole number of at least 1", column, text)
		return 1
	}
	return n
}

// time reads an optional time; nil when it is empty.
func (r *row) time(column string, zone *time.Location) *moment {
	text := r.text(column)
	if text == "" {
		return nil
	}
	at, err := parseMoment(text, zone)
	if err != nil {
		r.refusef("%s: %v", column, err)
		return nil
	}
	return at
}

// promise reads an optional time of which a day alone means its end.
func (r *row) promise(column string, zone *time.Location) *time.Time {
	text := r.text(column)
	if text == "" {
		return nil
	}
	end, err := parsePromise(text, zone)
	if err != nil {
		r.refusef("%s: %v", column, err)
		return nil
	}
	return &end
}
