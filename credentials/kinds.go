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
	Name   string
	Fields []Field
}

// Table names the database table of the accounts of a set of kinds; sealed
// secrets are bound to it.
type Table string

// The tables of accounts.
const (
	Gateways Table = "gateway_accounts"
	Carriers Table = "carrier_accounts"
)

// kinds are the accounts whose adapters exist, by table. The names of kinds
// and fields are part of the API's contract.
var kinds = map[Table][]Kind{
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

func (k Kind) field(name string) (Field, bool) {
	for _, f := range k.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}
