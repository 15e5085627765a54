package alerts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

// Kinds of channels, as package credentials knows their fields.
const (
	KindMail     = models.ChannelMail
	KindSlack    = "slack"
	KindDiscord  = "discord"
	KindTelegram = "telegram"
	KindTeams    = "teams"
	KindDingTalk = "dingtalk"
	KindFeishu   = "feishu"
	KindWeCom    = "wecom"
	KindWebhook  = "webhook"
)

// platforms write what each kind of channel takes.
var platforms = map[string]platform{
	KindSlack: slack, KindDiscord: discord, KindTelegram: telegram, KindTeams: teams,
	KindDingTalk: dingTalk, KindFeishu: feishu, KindWeCom: weCom, KindWebhook: webhook,
}

// slackText escapes the three characters that mean something to Slack.
// https://docs.slack.dev/messaging/formatting-message-text
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// discordText escapes Markdown, which titles and descriptions of embeds are.
// https://support.discord.com/hc/en-us/articles/210298617
var discordText = strings.NewReplacer(
	`\`, `\\`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "|", `\|`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`,
)

// lookalikes take the place of what makes links, pictures, mentions and tags of
// Markdown, or ends our own bold text, where no way to escape it is documented.
var lookalikes = strings.NewReplacer("[", "［", "]", "］", "<", "＜", ">", "＞", "*", "＊", "`", "｀")

// slack posts to an incoming webhook; a text may have 40,000 characters.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func slack(_ time.Time, values map[string]string, _ string, m Message) (post, error) {
	return fitted(30_000, m.escaped(slackText), func(m Message) (post, error) {
		text := "*" + m.Headline + "*\n" + m.Text + m.list("\n• ")
		if m.Link != "" {
			text += "\n<" + m.Link + "|" + m.LinkText + ">"
		}
		return jsonPost(values["url"], map[string]any{"text": clip(text, 30_000), "unfurl_links": false}, nil)
	})
}

// discord posts to a webhook; an embed's title may have 256 characters, its
// description 4,096. Nobody is pinged, whatever names a text holds.
// https://discord.com/developers/docs/resources/webhook#execute-webhook
func discord(_ time.Time, values map[string]string, _ string, m Message) (post, error) {
	return fitted(4000, m.escaped(discordText), func(m Message) (post, error) {
		text := m.Text + m.list("\n- ")
		embed := map[string]any{"title": clip(m.Headline, 250), "description": clip(text, 4000), "color": colour(m)}
		if m.Link != "" {
			embed["url"] = m.Link
		}
		return jsonPost(values["url"], map[string]any{
			"username": Brand, "embeds": []any{embed}, "allowed_mentions": map[string]any{"parse": []string{}},
		}, nil)
	})
}

// colour is red for what is critical, amber for a warning, green when it is over.
func colour(m Message) int {
	switch {
	case m.Good:
		return 0x15803D
	case m.Severity == "critical":
		return 0xB91C1C
	default:
		return 0xB45309
	}
}

// telegram sends as a bot; a text may have 4,096 characters. Without a parse_mode
// none of them means anything.
// https://core.telegram.org/bots/api#sendmessage
func telegram(_ time.Time, values map[string]string, base string, m Message) (post, error) {
	if base == "" {
		base = "https://api.telegram.org"
	}
	return fitted(4000, m, func(m Message) (post, error) {
		return jsonPost(base+"/bot"+values["token"]+"/sendMessage", map[string]any{
			"chat_id": values["chat_id"], "text": clip(m.Plain(), 4000), "link_preview_options": map[string]any{"is_disabled": true},
		}, nil)
	})
}

// teams posts an Adaptive Card to a webhook of Teams' Workflows, which has taken
// the place of the connectors. It answers 202, also to a message that is dropped
// afterwards as it has, with what Teams adds to it, more than 28 KB.
// https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook
func teams(_ time.Time, values map[string]string, _ string, m Message) (post, error) {
	return fitted(20_000, m, func(m Message) (post, error) {
		return jsonPost(values["url"], map[string]any{
			"type":        "message",
			"attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card(m)}},
		}, nil)
	})
}

// card is a message as an Adaptive Card. Its texts are runs, which know no
// Markdown: in a TextBlock Teams on phones takes \[a\](b) for a link all the same.
// https://learn.microsoft.com/en-us/adaptive-cards/schema-explorer/text-run
func card(m Message) map[string]any {
	block := func(text string, more map[string]any) map[string]any {
		run := map[string]any{"type": "TextRun", "text": text}
		maps.Copy(run, more)
		return map[string]any{"type": "RichTextBlock", "inlines": []any{run}}
	}
	look := "Warning"
	if m.Good {
		look = "Good"
	} else if m.Severity == "critical" {
		look = "Attention"
	}
	body := []any{block(clip(m.Headline, 500), map[string]any{"weight": "Bolder", "size": "Medium", "color": look}), block(clip(m.Text, 4000), nil)}
	for _, line := range m.Lines {
		body = append(body, block("- "+clip(line.Text, 500), nil))
	}
	c := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body,
	}
	if m.Link != "" {
		c["actions"] = []any{map[string]any{"type": "Action.OpenUrl", "title": m.LinkText, "url": m.Link}}
	}
	return c
}

// dingTalk posts to a custom robot, signed when it has a secret: HMAC-SHA256 of
// the time in milliseconds, a line break and the secret, keyed with the secret.
// A body may have 20,000 bytes. It answers 200 whatever happens; errcode tells.
// https://open.dingtalk.com/document/robots/customize-robot-security-settings
func dingTalk(at time.Time, values map[string]string, _ string, m Message) (post, error) {
	address, err := url.Parse(values["url"])
	if err != nil {
		return post{}, &SendError{Kind: FailureRefused, Final: true}
	}
	if key := values["secret"]; key != "" {
		stamp := strconv.FormatInt(at.UnixMilli(), 10)
		query := address.Query()
		query.Set("timestamp", stamp)
		query.Set("sign", hmacBase64(key, stamp+"\n"+key))
		address.RawQuery = query.Encode()
	}
	return fitted(19_000, m.escaped(lookalikes), func(m Message) (post, error) {
		text := "### " + m.Headline + "\n\n" + m.Text + m.list("\n\n- ")
		if m.Link != "" {
			text += "\n\n[" + m.LinkText + "](" + m.Link + ")"
		}
		return jsonPost(address.String(), map[string]any{
			"msgtype": "markdown", "markdown": map[string]any{"title": clip(m.Headline, 200), "text": clip(text, 15_000)},
		}, errcode("errcode", "errmsg", map[int64]FailureKind{130101: FailureLimited, 310000: FailureRefused}))
	})
}

// feishu posts to a custom bot, of Lark too, signed when it has a secret: the
// HMAC-SHA256 of nothing, keyed with the time in seconds, a line break and the
// secret. The tag text is no Markdown. A body may have 20 KB. It answers 200
// whatever happens; code tells.
// https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
func feishu(at time.Time, values map[string]string, _ string, m Message) (post, error) {
	return fitted(19_000, m, func(m Message) (post, error) {
		lines := [][]map[string]any{{{"tag": "text", "text": m.Text}}}
		for _, line := range m.Lines {
			lines = append(lines, []map[string]any{{"tag": "text", "text": "- " + clip(line.Text, 500)}})
		}
		if m.Link != "" {
			lines = append(lines, []map[string]any{{"tag": "a", "text": m.LinkText, "href": m.Link}})
		}
		body := map[string]any{
			"msg_type": "post",
			"content":  map[string]any{"post": map[string]any{"en_us": map[string]any{"title": clip(m.Headline, 200), "content": lines}}},
		}
		if key := values["secret"]; key != "" {
			stamp := strconv.FormatInt(at.Unix(), 10)
			body["timestamp"], body["sign"] = stamp, hmacBase64(stamp+"\n"+key, "")
		}
		return jsonPost(values["url"], body, errcode("code", "msg", map[int64]FailureKind{11232: FailureLimited, 19021: FailureRefused, 19024: FailureRefused}))
	})
}

// weCom posts to a group robot; markdown may have 4,096 bytes. It answers 200
// whatever happens; errcode tells.
// https://developer.work.weixin.qq.com/document/path/99110
func weCom(_ time.Time, values map[string]string, _ string, m Message) (post, error) {
	return fitted(4000, m.escaped(lookalikes), func(m Message) (post, error) {
		text := "**" + m.Headline + "**\n" + m.Text + m.list("\n> ")
		link := ""
		if m.Link != "" {
			link = "\n[" + m.LinkText + "](" + m.Link + ")"
		}
		return jsonPost(values["url"], map[string]any{
			"msgtype": "markdown", "markdown": map[string]any{"content": clip(text, 4000-len(link)) + link},
		}, errcode("errcode", "errmsg", map[int64]FailureKind{45009: FailureLimited, 93000: FailureRefused}))
	})
}

// webhook posts by Standard Webhooks, as merchants get theirs.
func webhook(at time.Time, values map[string]string, _ string, m Message) (post, error) {
	body, err := m.body()
	if err != nil {
		return post{}, err
	}
	header := http.Header{
		"Content-Type": {"application/json"}, http.CanonicalHeaderKey(notify.HeaderID): {m.ID},
		http.CanonicalHeaderKey(notify.HeaderTimestamp): {notify.Timestamp(at)},
	}
	if key := values["secret"]; key != "" {
		signature, err := notify.Sign([]string{key}, m.ID, at, body)
		if err != nil {
			return post{}, &SendError{Kind: FailureSecret, Final: true}
		}
		header.Set(notify.HeaderSignature, signature)
	}
	return post{url: values["url"], header: header, body: body}, nil
}

func hmacBase64(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// errcode reads an answer that tells success by a code of 0.
func errcode(code, message string, known map[int64]FailureKind) func([]byte) error {
	return func(body []byte) error {
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			return &SendError{Kind: FailureAnswer, Detail: string(body)}
		}
		number, ok := answer[code].(float64)
		if ok && number == 0 {
			return nil
		}
		words, _ := answer[message].(string)
		f := &SendError{Kind: FailureAnswer, Detail: fmt.Sprintf("%.0f %s", number, words)}
		if kind, listed := known[int64(number)]; listed {
			f.Kind, f.Final = kind, kind == FailureRefused
		}
		return f
	}
}
