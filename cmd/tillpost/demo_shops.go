package main

import (
	"math/rand/v2"

	"github.com/tillpost/tillpost/models"
)

// demoShop is a sample merchant with what its customers buy.
type demoShop struct {
	merchant models.Merchant
	country  string
	city     string
	postal   string
	prefix   string // of order numbers
	people   []string
	goods    []demoGood
	accounts []demoAccount // at payment providers, in the order of routing
	methods  []demoMethod  // that customers pay with
}

// demoAccount is an account at a provider whose format the sandbox speaks.
type demoAccount struct{ kind, name string }

// demoMethod is a payment method and how often it is chosen.
type demoMethod struct {
	kind    string
	weight  int
	endings []int64 // the last digits of amounts that decide what happens; tokens do when there are none
}

type demoGood struct {
	sku, name string
	price     int64 // minor units
}

var demoShops = []demoShop{
	{
		merchant: models.Merchant{Ref: "kopi-corner", Name: "Kopi Corner", Currency: "MYR", Timezone: "Asia/Kuala_Lumpur"},
		country:  "MY", city: "Kuala Lumpur", postal: "50450", prefix: "KC",
		people: []string{
			"Nurul Aisyah", "Tan Wei Ling", "Priya Nair", "Ahmad Faizal", "Grace Wong", "Siti Hajar", "Kumar Raj",
			"Lim Jia Hui", "Farah Nadia", "Daniel Chong", "Aina Lim", "Muthu Krishnan",
		},
		goods: []demoGood{
			{"KC-BEAN-500", "Liberica beans 500 g", 5890}, {"KC-POUR-01", "Pour-over set", 13322},
			{"KC-MUG-02", "Enamel mug", 2450}, {"KC-GRIND-1", "Hand grinder", 24900}, {"KC-FILT-100", "Paper filters (100)", 1890},
		},
		accounts: []demoAccount{{"stripe", "Stripe"}, {"sandbox", "Backup acquirer"}},
		methods:  []demoMethod{{kind: "card", weight: 1}},
	},
	{
		merchant: models.Merchant{Ref: "nordlicht-papier", Name: "Nordlicht Papier", Currency: "EUR", Timezone: "Europe/Berlin"},
		country:  "DE", city: "Hamburg", postal: "20095", prefix: "NP",
		people: []string{
			"Anna Schmidt", "Jonas Weber", "Mia Hoffmann", "Lukas Becker", "Sofia Wagner", "Elif Yılmaz", "Ben Fischer",
			"Clara Neumann", "Noah Richter", "Emma Zimmermann", "Paul Krüger", "Lina Braun",
		},
		goods: []demoGood{
			{"NP-NOTE-A5", "Notebook A5, dotted", 1690}, {"NP-PEN-F", "Fountain pen, fine", 4950},
			{"NP-INK-BL", "Ink, midnight blue", 1290}, {"NP-CARD-12", "Letter cards (12)", 1850}, {"NP-DESK-1", "Desk pad, felt", 6400},
		},
		accounts: []demoAccount{{"adyen", "Adyen"}, {"paypal", "PayPal"}, {"sandbox", "Backup acquirer"}},
		methods:  []demoMethod{{kind: "card", weight: 2}, {kind: "paypal", weight: 1}},
	},
	{
		merchant: models.Merchant{Ref: "baolin-tea", Name: "宝林茶 Baolin Tea", Currency: "CNY", Timezone: "Asia/Shanghai"},
		country:  "CN", city: "杭州", postal: "310000", prefix: "BL",
		people: []string{
			"王芳", "李伟", "张敏", "刘洋", "陈静", "杨帆", "赵磊", "黄丽", "周杰", "吴婷", "徐强", "孙悦",
		},
		goods: []demoGood{
			{"BL-LJ-250", "龙井 250 g", 26800}, {"BL-PU-357", "普洱 357 g", 31800}, {"BL-TGY-100", "铁观音 100 g", 9900},
			{"BL-POT-1", "紫砂壶", 59900}, {"BL-CUP-6", "品茗杯 6 只", 12800},
		},
		accounts: []demoAccount{{"alipay", "Alipay 支付宝"}, {"wechat", "WeChat Pay 微信支付"}},
		methods:  []demoMethod{{kind: "alipay", weight: 1}, {kind: "wechat", weight: 1, endings: []int64{1, 1, 1, 1, 2, 3, 5, 11, 14}}},
	},
}

// method is what a customer pays with.
func (s *demoShop) method(rnd *rand.Rand) demoMethod {
	total := 0
	for _, m := range s.methods {
		total += m.weight
	}
	n := rnd.IntN(total)
	for _, m := range s.methods {
		if n -= m.weight; n < 0 {
			return m
		}
	}
	return s.methods[0]
}
