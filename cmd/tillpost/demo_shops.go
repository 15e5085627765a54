package main

import "github.com/tillpost/tillpost/models"

// demoShop is a sample merchant with what its customers buy.
type demoShop struct {
	merchant models.Merchant
	country  string
	city     string
	postal   string
	prefix   string // of order numbers
	people   []string
	goods    []demoGood
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
	},
}
