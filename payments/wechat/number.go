package wechat

import (
	"regexp"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

const attemptPrefix = "att_"

var (
	// orderNumber and refundNumber are what WeChat Pay takes as our references.
	orderNumber  = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)
	refundNumber = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)

	longID  = regexp.MustCompile(`^att_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	longNum = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// number is the out_trade_no of an attempt. Ids that fit are taken as they are,
// a UUID in its long form loses what is not a digit of it. Others have none.
func number(attemptID string) (string, bool) {
	switch {
	case longID.MatchString(attemptID):
		return strings.ReplaceAll(strings.TrimPrefix(attemptID, attemptPrefix), "-", ""), true
	case strings.HasPrefix(attemptID, attemptPrefix) && orderNumber.MatchString(attemptID):
		return attemptID, true
	default:
		return "", false
	}
}

// attempt is the attempt of an out_trade_no, or nothing when the order is not ours.
func attempt(number string) string {
	switch {
	case longNum.MatchString(number):
		return attemptPrefix + strings.Join([]string{number[:8], number[8:12], number[12:16], number[16:20], number[20:]}, "-")
	case strings.HasPrefix(number, attemptPrefix):
		return number
	default:
		return ""
	}
}

// refundNo is the out_refund_no of a refund. It does not change from one try to
// the next: WeChat Pay wants a failed refund to be sent again under its number.
func refundNo(r payments.Refund) (string, bool) {
	return r.RefundID, refundNumber.MatchString(r.RefundID)
}
