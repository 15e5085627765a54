package alerts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tillpost/tillpost/locales"
)

// night is a digest of as many lines as one may have, each as long as they get.
func night(lines int, l locales.Language) Message {
	m := Message{
		ID: "alm_1", Event: "incident.digest", Headline: "200 messages from your quiet hours", Text: "This was held back.", Language: string(l),
		Link: "https://tillpost.test/incidents", LinkText: "Open incidents",
	}
	for i := range lines {
		m.Lines = append(m.Lines, Line{Text: fmt.Sprintf("§%d 2026-03-10 23:30:00 +08 · Warning: Webhooks to %s & %s fail", i, strings.Repeat("茶", 20), strings.Repeat(`"`, 40))})
	}
	return m
}

// textIn is the text at a path of a JSON body.
func textIn(t *testing.T, body []byte, path ...string) string {
	t.Helper()
	var at any
	if err := json.Unmarshal(body, &at); err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		if list, ok := at.([]any); ok {
			at = list[0]
		}
		at = at.(map[string]any)[key]
	}
	return at.(string)
}

// A digest that is longer than what a platform takes is shortened and says by how
// much, with the link still at its end.
func TestDigestsFitTheirPlatform(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind string
		most int // as the platform documents it
		size func(t *testing.T, body []byte) int
	}{
		{KindSlack, 40_000, func(t *testing.T, body []byte) int { return utf8.RuneCountInString(textIn(t, body, "text")) }},
		{KindDiscord, 4096, func(t *testing.T, body []byte) int {
			return utf8.RuneCountInString(textIn(t, body, "embeds", "description"))
		}},
		{KindTelegram, 4096, func(t *testing.T, body []byte) int { return utf8.RuneCountInString(textIn(t, body, "text")) }},
		{KindTeams, 20_000, func(_ *testing.T, body []byte) int { return len(body) }}, // what Teams adds makes it 28 KB
		{KindDingTalk, 20_000, func(_ *testing.T, body []byte) int { return len(body) }},
		{KindFeishu, 20 << 10, func(_ *testing.T, body []byte) int { return len(body) }},
		{KindWeCom, 4096, func(t *testing.T, body []byte) int { return len(textIn(t, body, "markdown", "content")) }},
	}
	for _, test := range tests {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			values, base := valuesOf(test.kind, "https://chat.example")
			write := func(m Message) string {
				t.Helper()
				p, err := platforms[test.kind](start, values, base, m)
				if err != nil {
					t.Fatal(err)
				}
				if n := test.size(t, p.body); n > test.most {
					t.Errorf("%d of %d", n, test.most)
				}
				if !strings.Contains(string(p.body), m.Link) {
					t.Error("the link is missing")
				}
				return string(p.body)
			}
			for l, more := range map[locales.Language]string{
				locales.English: "and %d more", locales.Chinese: "还有 %d 条", locales.Malay: "dan %d lagi",
			} {
				const all = 200
				body := write(night(all, l))
				shown := strings.Count(body, "§")
				if shown == 0 || shown < all && !strings.Contains(body, fmt.Sprintf(more, all-shown)) {
					t.Errorf("%s: %d of %d lines are shown, and of the rest nothing is said", l, shown, all)
				}
			}
			if body := write(night(3, locales.English)); strings.Count(body, "§") != 3 || strings.Contains(body, "more") {
				t.Errorf("a short digest: %s", body)
			}
		})
	}
}
