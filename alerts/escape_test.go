package alerts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// textsIn are all texts of a JSON value.
func textsIn(value any) (all []string) {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		for _, v := range value {
			all = append(all, textsIn(v)...)
		}
	case map[string]any:
		for _, v := range value {
			all = append(all, textsIn(v)...)
		}
	}
	return all
}

// What merchants call their things is text in operators' chats: no link, no
// picture, nobody who is called, and no line of its own.
func TestNamesOfMerchantsAreText(t *testing.T) {
	t.Parallel()
	const name = "[Log in](https://evil.example) ![](https://evil.example/p) <@all> *b* _i_ `c`\n\n# Resolved"
	tests := []struct {
		kind string
		want string // the name, in every text that has it
		link string // ours
		not  string
	}{
		{KindSlack, "[Log in](https://evil.example) ![](https://evil.example/p) &lt;@all&gt; *b* _i_ `c` # Resolved", "<https://tillpost.test/incidents/inc_1|Open the incident>", ""},
		{KindDiscord, `\[Log in\](https://evil.example) !\[\](https://evil.example/p) \<@all\> \*b\* \_i\_ ` + "\\`c\\` # Resolved", "https://tillpost.test/incidents/inc_1", ""},
		{KindTelegram, strings.ReplaceAll(name, "\n\n", " "), "https://tillpost.test/incidents/inc_1", "parse_mode"},
		{KindTeams, strings.ReplaceAll(name, "\n\n", " "), "https://tillpost.test/incidents/inc_1", `"TextBlock"`},
		{KindDingTalk, "［Log in］(https://evil.example) !［］(https://evil.example/p) ＜@all＞ ＊b＊ _i_ ｀c｀ # Resolved", "[Open the incident](https://tillpost.test/incidents/inc_1)", ""},
		{KindFeishu, strings.ReplaceAll(name, "\n\n", " "), "https://tillpost.test/incidents/inc_1", `"tag":"md"`},
		{KindWeCom, "［Log in］(https://evil.example) !［］(https://evil.example/p) ＜@all＞ ＊b＊ _i_ ｀c｀ # Resolved", "[Open the incident](https://tillpost.test/incidents/inc_1)", ""},
	}
	i := models.Incident{ID: "inc_1", Kind: EndpointDisabled, Severity: models.SeverityWarning, OpenedAt: start, Detail: map[string]string{detailName: name}}
	r := reader{texts: locales.For(locales.English), zone: time.UTC, base: "https://tillpost.test"}
	for _, test := range tests {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			m := r.about("alm_1", models.AlertOpened, &i, start)
			m.Text, m.Lines = m.Headline, []Line{{Text: m.Headline, Link: m.Link}}
			values, base := valuesOf(test.kind, "https://chat.example")
			p, err := platforms[test.kind](start, values, base, m)
			if err != nil {
				t.Fatal(err)
			}
			var body any
			if err := json.Unmarshal(p.body, &body); err != nil {
				t.Fatal(err)
			}
			all := strings.Join(textsIn(body), "\n")
			if named := strings.Count(all, "Log in"); named < 3 || strings.Count(all, test.want) != named {
				t.Errorf("the name is %q", all)
			}
			if !strings.Contains(all, test.link) {
				t.Errorf("our link is missing: %q", all)
			}
			if test.not != "" && strings.Contains(string(p.body), test.not) {
				t.Errorf("it has %s: %s", test.not, p.body)
			}
		})
	}
}
