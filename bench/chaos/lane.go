package chaos

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/sandbox"
)

// Lane is an account at the bank and what is paid through it.
type Lane struct {
	Kind     string
	Gateway  string // account id
	Method   string
	Currency string
	Tokens   []string // gone through; none: the amount decides what happens
	Endings  []int64  // the last two digits of amounts that decide
	Secret   string   // that its webhooks are signed with, if by a shared one
}

// Kinds are the formats that the bank speaks.
var Kinds = []string{"sandbox", "stripe", "adyen", "paypal", "alipay", "wechat"}

// laneOf is how an account of a kind is paid through.
func laneOf(kind, gateway string) Lane {
	l := Lane{Kind: kind, Gateway: gateway, Method: "card", Currency: "EUR", Tokens: tokens()}
	switch kind {
	case "paypal":
		l.Method = "paypal"
	case "alipay":
		l.Method, l.Currency = "alipay", "CNY"
		// Whoever does not pay has an hour by Alipay's clock, which no pace shortens.
		l.Tokens = slices.DeleteFunc(l.Tokens, func(token string) bool { return token == "tok_action_required" })
	case "wechat":
		l.Method, l.Currency, l.Tokens, l.Endings = "wechat", "CNY", nil, endings
	}
	return l
}

// endings are the amounts of WeChat Pay's format that need no customer.
var endings = []int64{1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 16}

func (l Lane) amount(i, round int) int64 {
	if len(l.Endings) == 0 {
		return int64(100 + i)
	}
	return int64(1+i)*100 + l.Endings[round%len(l.Endings)]
}

func (l Lane) method(round int) map[string]any {
	m := map[string]any{"type": l.Method}
	if len(l.Tokens) > 0 {
		m["token"] = l.Tokens[round%len(l.Tokens)]
	}
	return m
}

// what names an outcome, as in a report.
func (l Lane) what(amount int64, round int) string {
	if len(l.Tokens) == 0 {
		return fmt.Sprintf("%s %02d", l.Kind, amount%100)
	}
	return l.Kind + " " + l.Tokens[round%len(l.Tokens)]
}

// tokens lists the sandbox's own outcomes, each of which a run goes through.
func tokens() []string {
	var out []string
	for _, o := range sandbox.Outcomes() {
		// Disputes and refunds come of nothing that a run does.
		if strings.HasPrefix(o.Token, "tok_") && !slices.Contains([]string{"tok_disputed", "tok_refund_pending", "tok_refund_fails"}, o.Token) {
			out = append(out, o.Token)
		}
	}
	return out
}
