package models

import "gorm.io/gorm"

// Scope says whose rows a query may see. The zero Scope sees nothing.
type Scope struct {
	merchant string
	all      bool
}

// MerchantScope sees the rows of one merchant.
func MerchantScope(merchantID string) Scope { return Scope{merchant: merchantID} }

// AllMerchants sees everything: for support, admins and background work.
func AllMerchants() Scope { return Scope{all: true} }

// Merchant is the one merchant of the scope, or empty when it sees all.
func (s Scope) Merchant() string { return s.merchant }

// Sees says whether rows of the merchant are visible.
func (s Scope) Sees(merchantID string) bool {
	return s.all || s.merchant != "" && s.merchant == merchantID
}

// Narrow is the scope limited to one merchant, for filters; a merchant that is
// not visible leaves nothing.
func (s Scope) Narrow(merchantID string) Scope {
	if merchantID == "" {
		return s
	}
	if !s.Sees(merchantID) {
		return Scope{}
	}
	return MerchantScope(merchantID)
}

// in limits a query to the scope by the named column.
func (s Scope) in(q *gorm.DB, column string) *gorm.DB {
	switch {
	case s.all:
		return q
	case s.merchant != "":
		return q.Where(column+" = ?", s.merchant)
	default:
		return q.Where("1 = 0")
	}
}
