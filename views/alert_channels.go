package views

import (
	"context"
	"slices"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// ChannelsPath is where channels of alerts are listed.
const ChannelsPath = "/alerts/channels"

// ChannelsView lists where messages go.
type ChannelsView struct {
	Rows       []ChannelRow
	Configured []ConfiguredChannel // of the configuration
	Kinds      []string            // that can be made
	NoServer   bool                // this node has no mail server
	Staff      bool
}

// ChannelRow is one channel of the list.
type ChannelRow struct {
	Channel  models.AlertChannel
	Merchant string
	Staff    bool
}

// ConfiguredChannel is one of the configuration, which has no page.
type ConfiguredChannel struct{ Kind, Host string }

// place is what may be shown of where a channel leads.
func (r ChannelRow) place() string {
	f := r.Channel.Fields
	for _, name := range []string{"address", "host", "chat_id"} {
		if f[name] != "" {
			return f[name]
		}
	}
	return ""
}

func channelName(ctx context.Context, kind string) string {
	return locales.Name(ctx, locales.AlertChannel, kind)
}

// AlertWishForm chooses which messages somebody wants.
type AlertWishForm struct {
	Critical bool
	Kinds    []string // that can be chosen
	Chosen   []string // empty: all
	From, To string   // quiet hours
}

func (w AlertWishForm) chosen(kind string) bool {
	return len(w.Chosen) == 0 || slices.Contains(w.Chosen, kind)
}

// ChannelForm makes or edits a channel.
type ChannelForm struct {
	Form

	ID       string // empty for a new one
	Kind     string
	Name     string
	BaseURL  string
	HasBase  bool // the platform can be elsewhere
	Fields   []AccountField
	Enabled  bool
	Language string
	Timezone string
	Wish     AlertWishForm
	Channel  *models.AlertChannel // as it is stored; nil for a new one
}

func (f ChannelForm) action() string {
	if f.ID == "" {
		return ChannelsPath
	}
	return ChannelsPath + "/" + f.ID
}

// testLabel names what the test does: without the agreement of an address's
// holder it asks for that.
func (f ChannelForm) testLabel(ctx context.Context) string {
	if f.Channel.Unconfirmed() {
		return locales.T(ctx, "incidents.ask_again")
	}
	return locales.T(ctx, "incidents.test")
}

// testTitle names what came of the last test, or of asking an address's holder.
func (f ChannelForm) testTitle(ctx context.Context) string {
	if f.Channel.Unconfirmed() {
		return locales.T(ctx, "incidents.link_not_sent")
	}
	return locales.T(ctx, "incidents.last_test")
}

// noServerText says that no mail is sent: to those who run Tillpost also by which
// setting it would be.
func noServerText(ctx context.Context, role string) string {
	if role == models.RoleMerchant {
		return locales.T(ctx, "incidents.no_server_ask")
	}
	return locales.T(ctx, "incidents.no_server")
}

// failureText names why a message did not arrive. Merchants cannot set what the
// installation lacks.
func failureText(ctx context.Context, failure string, merchantID *string) string {
	if merchantID != nil {
		switch failure {
		case "no_server":
			return locales.T(ctx, "incidents.no_server_ask")
		case "no_pages":
			return locales.T(ctx, "incidents.no_pages_ask")
		}
	}
	return locales.Name(ctx, locales.AlertFailure, failure)
}

// hint says where one gets what the kind needs.
func (f ChannelForm) hint(ctx context.Context) string {
	if key, ok := channelHints[f.Kind]; ok {
		return locales.T(ctx, key)
	}
	return ""
}

var channelHints = map[string]string{
	"mail": locales.Mark("incidents.hint_mail"), "slack": locales.Mark("incidents.hint_slack"), "discord": locales.Mark("incidents.hint_discord"),
	"telegram": locales.Mark("incidents.hint_telegram"), "teams": locales.Mark("incidents.hint_teams"),
	"dingtalk": locales.Mark("incidents.hint_dingtalk"), "feishu": locales.Mark("incidents.hint_feishu"),
	"wecom": locales.Mark("incidents.hint_wecom"), "webhook": locales.Mark("incidents.hint_webhook"),
}

// channelField names a field of a channel.
func channelField(ctx context.Context, name string) string {
	switch name {
	case "address":
		return locales.T(ctx, "incidents.field_address")
	case "url":
		return locales.T(ctx, "incidents.field_url")
	case "token":
		return locales.T(ctx, "incidents.field_token")
	case "chat_id":
		return locales.T(ctx, "incidents.field_chat_id")
	default:
		return locales.T(ctx, "incidents.field_secret")
	}
}

// ChannelTest is what a test message came to.
func ChannelTest(ctx context.Context, c *models.AlertChannel) (tone ui.Tone, text string) {
	if c.TestOK {
		return ui.Success, locales.T(ctx, "incidents.test_ok")
	}
	text = failureText(ctx, c.TestResult, c.MerchantID)
	if c.TestDetail != "" {
		text += " (" + c.TestDetail + ")"
	}
	return ui.Danger, text
}

// AgreementView asks the holder of an address whether a merchant may send
// incidents there.
type AgreementView struct {
	Action, Merchant, Address string
	Done                      bool // agreed
	Invalid                   bool // the link is none, or too old
}

// ChannelSecretView shows the secret that was made for a webhook, once.
type ChannelSecretView struct {
	Form

	ID, Name, Text string
}
