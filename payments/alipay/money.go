package alipay

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	currency = "CNY" // the only one of the open platform in China
	maxFen   = 100_000_000_00
)

var errNotYuan = errors.New("not an amount in yuan")

// yuan writes an amount in fen as Alipay takes it: always with two decimals.
func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// fen reads an amount in yuan, which Alipay may write with fewer decimals.
func fen(text string) (int64, error) {
	whole, part, dotted := strings.Cut(text, ".")
	if dotted && (part == "" || len(part) > 2) || !digitsOnly(whole) || !digitsOnly(part+"0") {
		return 0, errNotYuan
	}
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil {
		return 0, errNotYuan
	}
	return n, nil
}

func digitsOnly(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
