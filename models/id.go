package models

import (
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Prefixes of ids, by entity.
const (
	PrefixMerchant       = "mer"
	PrefixUser           = "usr"
	PrefixAPIKey         = "key"
	PrefixOrder          = "ord"
	PrefixPayment        = "pay"
	PrefixAttempt        = "att"
	PrefixRefund         = "ref"
	PrefixDispute        = "dsp"
	PrefixInboundEvent   = "inb"
	PrefixProviderCall   = "cal"
	PrefixCarrierCall    = "ccl"
	PrefixBulkRetry      = "blk"
	PrefixReplay         = "rpl"
	PrefixSettlement     = "stl"
	PrefixShipment       = "shp"
	PrefixTrackingEvent  = "trk"
	PrefixEvent          = "evt"
	PrefixEndpoint       = "whe"
	PrefixDelivery       = "dlv"
	PrefixGatewayAccount = "gwa"
	PrefixCarrierAccount = "cra"
	PrefixAudit          = "aud"
	PrefixCustomerMail   = "cml"
	PrefixNode           = "nod"
	PrefixIncident       = "inc"
	PrefixAlertChannel   = "alc"
	PrefixAlertMessage   = "alm"
)

// idEncoding keeps the order of the bytes and uses lower-case letters and digits.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const idLength = 26

// NewID makes an id that sorts after those made before, for example
// pay_06fk…: a prefix and a UUIDv7 in 26 characters.
func NewID(prefix string) string {
	id := uuid.Must(uuid.NewV7())
	return prefix + "_" + idEncoding.EncodeToString(id[:])
}

// NewIDAt makes an id that sorts as if it had been made at t, for rows that
// are recorded later than they happened.
func NewIDAt(prefix string, t time.Time) string {
	id := uuid.New()
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(t.UnixMilli(), 0)))
	copy(id[:6], ms[2:])
	id[6] = 0x70 | id[6]&0x0f
	return prefix + "_" + idEncoding.EncodeToString(id[:])
}

// idBound is the smallest id that can be made at t: ids below it are older.
func idBound(prefix string, t time.Time) string {
	var b [16]byte
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(t.UnixMilli(), 0)))
	copy(b[:6], ms[2:])
	return prefix + "_" + idEncoding.EncodeToString(b[:])
}

// IsID says whether s has the form of an id with the prefix.
func IsID(prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != idLength {
		return false
	}
	_, err := idEncoding.DecodeString(rest)
	return err == nil
}
