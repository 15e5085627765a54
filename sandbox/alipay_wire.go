package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// alipayZone is Alipay's time zone.
var alipayZone = time.FixedZone("CST", 8*60*60)

func alipayTime(at time.Time) string { return at.In(alipayZone).Format(time.DateTime) }

func alipayYuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// alipayFen reads an amount in yuan with at most two decimals.
func alipayFen(text string) (int64, bool) {
	whole, part, dotted := strings.Cut(text, ".")
	if whole == "" || dotted && (part == "" || len(part) > 2) || strings.Trim(whole+part, "0123456789") != "" {
		return 0, false
	}
	fen, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	return fen, err == nil && fen >= 1 && fen <= alipayMaxFen
}

const alipayMaxFen = 100_000_000_00

// alipayMessages are what stands beside the gateway's codes.
var alipayMessages = map[string]string{
	"10000": "Success", "10003": "order success pay inprocess", "20000": "Service Currently Unavailable",
	"40002": "Invalid Arguments", "40004": "Business Failed", "40005": "Call Limited",
}

// answer is what a method says, signed as it stands.
func (c *alipayCall) answer(code string, fields map[string]any) reply {
	member := strings.ReplaceAll(c.form.Get("method"), ".", "_") + "_response"
	return c.server.alipaySigned(member, code, fields)
}

// fail refuses a request.
func (c *alipayCall) fail(code, subCode, subMessage string) reply {
	fields := map[string]any{"sub_code": subCode, "sub_msg": subMessage}
	if c.biz.OutTradeNo != "" {
		fields["out_trade_no"] = c.biz.OutTradeNo
	}
	return c.answer(code, fields)
}

// refuse refuses for a reason of the business.
func (c *alipayCall) refuse(subCode, subMessage string) reply {
	return c.fail("40004", subCode, subMessage)
}

func (s *Server) alipaySigned(member, code string, fields map[string]any) reply {
	content := alipayObject(code, fields)
	return alipayEnvelope(member, content, s.alipay.sign(content))
}

func alipayUnsigned(code, subCode, subMessage string) reply {
	content := alipayObject(code, map[string]any{"sub_code": subCode, "sub_msg": subMessage})
	return alipayEnvelope("error_response", content, "")
}

func alipayObject(code string, fields map[string]any) []byte {
	all := map[string]any{"code": code, "msg": cmp.Or(alipayMessages[code], "Failed")}
	maps.Copy(all, fields)
	content, err := json.Marshal(all)
	if err != nil {
		panic(err) // only plain maps come here
	}
	return content
}

func alipayEnvelope(member string, content []byte, signature string) reply {
	envelope := map[string]any{member: json.RawMessage(content)}
	if signature != "" {
		envelope["sign"] = signature
	}
	return jsonReply(http.StatusOK, envelope)
}

// alipayFault is an error of the gateway as a whole; Alipay has no HTTP statuses for them.
func (s *Server) alipayFault(kind apiFault, detail string) reply {
	code, subCode := "20000", "isp.unknow-error"
	switch kind {
	case faultRateLimited:
		code, subCode, detail = "40005", "isv.call-limited", "too many requests; slow down"
	case faultCredentials:
		code, subCode = "40002", "isv.invalid-signature"
	case faultUnreadable, faultTooLarge:
		code, subCode = "40002", "isv.invalid-parameter"
	case faultInternal, faultKeyReused, faultKeyBusy:
	}
	return s.alipaySigned("error_response", code, map[string]any{"sub_code": subCode, "sub_msg": detail})
}

// alipayPayment is the payment that a merchant passed through.
func alipayPayment(passback string) string {
	values, err := url.ParseQuery(passback)
	if err != nil {
		return ""
	}
	return values.Get("payment_id")
}

// alipayExpiry is until when a customer can pay: at a time, or so long from now on.
func alipayExpiry(biz alipayBusiness, now time.Time) (at time.Time, ok bool) {
	if biz.TimeExpire != "" {
		at, err := time.ParseInLocation(time.DateTime, biz.TimeExpire, alipayZone)
		return at, err == nil
	}
	if biz.TimeoutExpress == "" {
		return time.Time{}, true
	}
	unit, known := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[biz.TimeoutExpress[len(biz.TimeoutExpress)-1]]
	n, err := strconv.Atoi(biz.TimeoutExpress[:len(biz.TimeoutExpress)-1])
	if err != nil || !known || n < 1 {
		return time.Time{}, false
	}
	return now.Add(time.Duration(n) * unit), true
}
