package adyen

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// keyBytes is the length of an HMAC key as Adyen makes them.
const keyBytes = 32

var errHMACKey = errors.New("the HMAC key is not the one that Adyen shows: it has 64 digits from 0 to F")

// hmacKey is the key that signs an account's webhooks.
func hmacKey(account payments.Account) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(account.Fields["hmac_key"]))
	if err != nil || len(key) != keyBytes {
		return nil, errHMACKey // without what is wrong with it: that would show a part
	}
	return key, nil
}

// sign is the signature of what a webhook says in its signed fields, which are
// joined as they are.
func sign(key []byte, i item) []byte {
	value, currency := "", ""
	if i.Amount != nil {
		value, currency = strconv.FormatInt(i.Amount.Value, 10), i.Amount.Currency
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join([]string{
		i.PSPReference, i.OriginalReference, i.MerchantAccountCode, i.MerchantReference,
		value, currency, i.EventCode, string(i.Success),
	}, ":")))
	return mac.Sum(nil)
}

// signed reports whether an item bears the signature of the key.
func signed(key []byte, i item) bool {
	given, err := base64.StdEncoding.DecodeString(i.AdditionalData.text("hmacSignature"))
	return err == nil && hmac.Equal(given, sign(key, i))
}
