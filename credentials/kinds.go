package credentials

// Field is one value that an account of a kind needs.
type Field struct {
	Name      string
	Secret    bool // sealed at rest, write-only everywhere
	Optional  bool
	Multiline bool // keys in PEM form
}

// Kind is a sort of account, with its fields in the order of the form.
type Kind struct {
	Name       string
	Fields     []Field
	Aggregator bool // follows parcels of many carriers
}

// Table names the database table of the accounts of a set of kinds; sealed
// secrets are bound to it.
type Table string

// The tables of accounts.
const (
	Gateways Table = "gateway_accounts"
	Carriers Table = "carrier_accounts"
	Channels Table = "alert_channels"
)

// The fields that several carriers ask for.
var (
	client = []Field{{Name: "client_id"}, {Name: "client_secret", Secret: true}}
	login  = []Field{{Name: "username"}, {Name: "password", Secret: true}}
)

// kinds are the accounts whose adapters exist, by table. The names of kinds
// and fields are part of the API's contract.
var kinds = map[Table][]Kind{
	Channels: {
		{Name: "mail", Fields: []Field{{Name: "address"}}},
		{Name: "slack", Fields: []Field{{Name: "url", Secret: true}}},
		{Name: "discord", Fields: []Field{{Name: "url", Secret: true}}},
		{Name: "telegram", Fields: []Field{{Name: "token", Secret: true}, {Name: "chat_id"}}},
		{Name: "teams", Fields: []Field{{Name: "url", Secret: true}}},
		{Name: "dingtalk", Fields: []Field{{Name: "url", Secret: true}, {Name: "secret", Secret: true, Optional: true}}},
		{Name: "feishu", Fields: []Field{{Name: "url", Secret: true}, {Name: "secret", Secret: true, Optional: true}}},
		{Name: "wecom", Fields: []Field{{Name: "url", Secret: true}}},
		{Name: "webhook", Fields: []Field{{Name: "url", Secret: true}, {Name: "secret", Secret: true, Optional: true}}},
	},
	Gateways: {
		{Name: "stripe", Fields: []Field{
			{Name: "secret_key", Secret: true},
			{Name: "webhook_secret", Secret: true, Optional: true},
		}},
		{Name: "adyen", Fields: []Field{
			{Name: "api_key", Secret: true},
			{Name: "merchant_account"},
			{Name: "hmac_key", Secret: true, Optional: true},
			{Name: "live_prefix", Optional: true},
		}},
		{Name: "paypal", Fields: []Field{
			{Name: "client_id"},
			{Name: "client_secret", Secret: true},
			{Name: "webhook_id", Optional: true},
		}},
		{Name: "alipay", Fields: []Field{
			{Name: "app_id"},
			{Name: "private_key", Secret: true, Multiline: true},
			{Name: "alipay_public_key", Multiline: true},
		}},
		{Name: "wechat", Fields: []Field{
			{Name: "mchid"},
			{Name: "appid"},
			{Name: "serial_no"},
			{Name: "private_key", Secret: true, Multiline: true},
			{Name: "apiv3_key", Secret: true},
			{Name: "platform_public_key", Multiline: true},
			{Name: "platform_public_key_id"},
		}},
		{Name: "sandbox", Fields: []Field{
			{Name: "secret_key", Secret: true},
			{Name: "webhook_secret", Secret: true, Optional: true},
		}},
	},
	Carriers: {
		{Name: "dhl", Fields: []Field{{Name: "api_key", Secret: true}}},
		{Name: "ups", Fields: client},
		{Name: "fedex", Fields: client},
		{Name: "usps", Fields: client},
		{Name: "royalmail", Fields: client},
		{Name: "canadapost", Fields: login},
		{Name: "australiapost", Fields: []Field{
			{Name: "api_key", Secret: true},
			{Name: "password", Secret: true},
			{Name: "account_number"},
		}},
		{Name: "dhl_parcel_de", Fields: append([]Field{{Name: "api_key", Secret: true}}, login...)},
		{Name: "dpd", Fields: []Field{{Name: "delis_id"}, {Name: "password", Secret: true}}},
		{Name: "laposte", Fields: []Field{{Name: "api_key", Secret: true}}},
		{Name: "gls", Fields: login},
		{Name: "sf", Fields: []Field{{Name: "partner_id"}, {Name: "checkword", Secret: true}}},
		{Name: "kuaidi100", Aggregator: true, Fields: []Field{
			{Name: "customer"},
			{Name: "key", Secret: true},
			{Name: "salt", Secret: true, Optional: true},
		}},
		{Name: "seventeentrack", Aggregator: true, Fields: []Field{{Name: "token", Secret: true}}},
		{Name: "easypost", Aggregator: true, Fields: []Field{
			{Name: "api_key", Secret: true},
			{Name: "webhook_secret", Secret: true, Optional: true},
		}},
		{Name: "aftership", Aggregator: true, Fields: []Field{
			{Name: "api_key", Secret: true},
			{Name: "webhook_secret", Secret: true, Optional: true},
		}},
		{Name: "shippo", Aggregator: true, Fields: []Field{
			{Name: "token", Secret: true},
			{Name: "webhook_secret", Secret: true, Optional: true},
		}},
		{Name: "sandbox", Fields: []Field{
			{Name: "token", Secret: true},
			{Name: "webhook_secret", Secret: true, Optional: true},
		}},
	},
}

// Kinds lists the kinds of accounts of a table.
func Kinds(table Table) []Kind { return kinds[table] }

// KindOf finds a kind by name.
func KindOf(table Table, name string) (Kind, bool) {
	for _, k := range kinds[table] {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Aggregators lists the kinds of carrier accounts that follow parcels of many
// carriers.
func Aggregators() []string {
	var names []string
	for _, k := range kinds[Carriers] {
		if k.Aggregator {
			names = append(names, k.Name)
		}
	}
	return names
}

func (k Kind) field(name string) (Field, bool) {
	for _, f := range k.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}
