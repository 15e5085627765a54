package alerts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// chat is a platform that keeps what it gets and answers as it is told.
type chat struct {
	*httptest.Server

	mu     sync.Mutex
	got    []*http.Request
	bodies [][]byte
	status int
	answer string
	header map[string]string
}

func newChat(t *testing.T) *chat {
	t.Helper()
	c := &chat{status: http.StatusOK, header: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got, c.bodies = append(c.got, r), append(c.bodies, body)
		for name, value := range c.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(c.status)
		_, _ = io.WriteString(w, c.answer)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) says(status int, answer string, header ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status, c.answer, c.header = status, answer, map[string]string{}
	for i := 0; i+1 < len(header); i += 2 {
		c.header[header[i]] = header[i+1]
	}
}

func (c *chat) last(t *testing.T) (*http.Request, []byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) == 0 {
		t.Fatal("nothing arrived")
	}
	return c.got[len(c.got)-1], c.bodies[len(c.bodies)-1]
}

const (
	dingKey   = "SECd1ngt4lk"
	feishuKey = "f3ishu-secret"
	hookKey   = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

// valuesOf are the fields of a channel of the kind at the server.
func valuesOf(kind, server string) (values map[string]string, base string) {
	url := map[string]string{
		KindSlack: "/services/T0/B0/secret-slack", KindDiscord: "/api/webhooks/1/secret-discord", KindTeams: "/webhook/secret-teams?sig=x",
		KindDingTalk: "/robot/send?access_token=secret-ding", KindFeishu: "/open-apis/bot/v2/hook/secret-feishu",
		KindWeCom: "/cgi-bin/webhook/send?key=secret-wecom", KindWebhook: "/hook/secret-hook",
	}[kind]
	values = map[string]string{"url": server + url}
	switch kind {
	case KindTelegram:
		return map[string]string{"token": "123:secret-telegram", "chat_id": "-100200"}, server
	case KindDingTalk:
		values["secret"] = dingKey
	case KindFeishu:
		values["secret"] = feishuKey
	case KindWebhook:
		values["secret"] = hookKey
	}
	return values, ""
}

// answers are what platforms say when they took a message.
var answers = map[string]string{
	KindSlack: "ok", KindTelegram: `{"ok":true,"result":{}}`, KindDingTalk: `{"errcode":0,"errmsg":"ok"}`,
	KindFeishu: `{"code":0,"data":{},"msg":"success"}`, KindWeCom: `{"errcode":0,"errmsg":"ok"}`,
}

// Each platform gets exactly what it takes, signed where it wants that.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	for kind := range platforms {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, modelstest.SQLite(t), Options{AllowNets: loopback})
			server := newChat(t)
			server.says(http.StatusOK, answers[kind])
			values, base := valuesOf(kind, server.URL)
			modelstest.Write(t, b.db, func(tx *models.Tx) error {
				_, _, err := b.CreateChannel(tx, nil, kind, ChannelEdit{Name: "Ops", BaseURL: base, Values: values, Enabled: true}, modelstest.Actor())
				return err
			})
			b.note(broken(GatewayRefused, "gwa_1", ""))
			b.deliverAll()
			r, body := server.last(t)
			if m := b.messages()[0]; m.State != models.AlertSent {
				t.Errorf("the message: %+v", m)
			}
			checkSignature(t, kind, r, body, b.now)
			golden(t, kind, r, body, b)
		})
	}
}

// golden compares with the form that the platform documents; what differs on
// every run is replaced.
func golden(t *testing.T, kind string, r *http.Request, body []byte, b *bench) {
	t.Helper()
	var shown any
	if err := json.Unmarshal(body, &shown); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	text, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %s\nContent-Type: %s\n\n%s\n", r.Method, r.URL.Path, r.Header.Get("Content-Type"), text)
	got = strings.ReplaceAll(got, b.incidents()[0].ID, "inc_1")
	file := filepath.Join("testdata", kind+".txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", kind, diff)
	}
}

func sum(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// checkSignature computes signatures as the platforms' documents tell.
func checkSignature(t *testing.T, kind string, r *http.Request, body []byte, at time.Time) {
	t.Helper()
	switch kind {
	case KindDingTalk:
		q := r.URL.Query()
		stamp := fmt.Sprint(at.UnixMilli())
		if q.Get("access_token") != "secret-ding" || q.Get("timestamp") != stamp || q.Get("sign") != sum(dingKey, stamp+"\n"+dingKey) {
			t.Errorf("query %v", q)
		}
	case KindFeishu:
		var signed struct{ Timestamp, Sign string }
		if err := json.Unmarshal(body, &signed); err != nil {
			t.Fatal(err)
		}
		stamp := fmt.Sprint(at.Unix())
		if signed.Timestamp != stamp || signed.Sign != sum(stamp+"\n"+feishuKey, "") {
			t.Errorf("signed %+v", signed)
		}
	case KindWebhook:
		verifier, err := standardwebhooks.NewWebhook(hookKey)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.VerifyIgnoringTimestamp(body, r.Header); err != nil {
			t.Errorf("the public library refuses it: %v", err)
		}
		if err := verifier.VerifyIgnoringTimestamp(append(body, ' '), r.Header); err == nil {
			t.Error("the public library takes a changed byte")
		}
	default:
	}
}

// What a platform answers is told in plain words, tried again when that is of
// use, and never holds a secret.
func TestPlatformsFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind   string
		status int
		answer string
		header []string
		want   FailureKind
		final  bool
	}{
		{KindSlack, 404, "no_service", nil, FailureRefused, true},
		{KindSlack, 429, "", []string{"Retry-After", "30"}, FailureLimited, false},
		{KindSlack, 500, "sorry, secret-slack", nil, FailureAnswer, false},
		{KindSlack, 302, "", []string{"Location", "http://169.254.169.254/"}, FailureAnswer, false},
		{KindTelegram, 401, `{"ok":false,"error_code":401,"description":"Unauthorized 123:secret-telegram"}`, nil, FailureRefused, true},
		{KindDingTalk, 200, `{"errcode":310000,"errmsg":"sign not match"}`, nil, FailureRefused, true},
		{KindDingTalk, 200, `{"errcode":130101,"errmsg":"send too fast"}`, nil, FailureLimited, false},
		{KindDingTalk, 200, `<html>`, nil, FailureAnswer, false},
		{KindFeishu, 200, `{"code":19021,"msg":"sign match fail"}`, nil, FailureRefused, true},
		{KindWeCom, 200, `{"errcode":93000,"errmsg":"invalid webhook url, hint: secret-wecom"}`, nil, FailureRefused, true},
		{KindWeCom, 200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, nil, FailureLimited, false},
		{KindWebhook, 410, "", nil, FailureRefused, true},
		{KindWebhook, 503, "", nil, FailureAnswer, false},
		{KindTeams, 400, "bad card", nil, FailureAnswer, true},
		{KindDiscord, 404, `{"message":"Unknown Webhook","code":10015}`, nil, FailureRefused, true},
	}
	b := newBench(t, modelstest.SQLite(t), Options{AllowNets: loopback})
	for _, test := range tests {
		server := newChat(t)
		server.says(test.status, test.answer, test.header...)
		values, base := valuesOf(test.kind, server.URL)
		c := &models.AlertChannel{}
		modelstest.Write(t, b.db, func(tx *models.Tx) (err error) {
			c, _, err = b.CreateChannel(tx, nil, test.kind, ChannelEdit{Name: "Ops", BaseURL: base, Values: values, Enabled: true}, modelstest.Actor())
			return err
		})
		to, err := b.channel(c)
		if err != nil {
			t.Fatal(err)
		}
		failure := failureOf(b.hand(t.Context(), to, to.reader.test("alm_1", "Ops", b.now)))
		if failure.Kind != test.want || failure.Final != test.final {
			t.Errorf("%s %d %s: %+v", test.kind, test.status, test.answer, failure)
		}
		if test.status == 429 && failure.After != 30*time.Second {
			t.Errorf("after %v", failure.After)
		}
		for _, text := range []string{failure.Error(), fmt.Sprintf("%+v %#v", c, failure)} {
			for _, value := range []string{"secret-", dingKey, feishuKey, hookKey} {
				if strings.Contains(text, value) {
					t.Errorf("%s: a secret stands in %s", test.kind, text)
				}
			}
		}
	}
}

// A chat that hangs or floods holds nobody up, and a private network is not
// reached unless it is allowed.
func TestHostileChannels(t *testing.T) {
	t.Parallel()
	b := newBench(t, modelstest.SQLite(t), Options{AllowNets: loopback})
	release := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release); hang.Close() })
	flood := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<16)
		for range 1 << 10 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	t.Cleanup(flood.Close)
	b.outside.Timeout = 300 * time.Millisecond
	for address, want := range map[string]FailureKind{hang.URL: FailureReach, "http://127.0.0.1:1/x": FailureReach} {
		to := destination{kind: KindWebhook, values: map[string]string{"url": address}, client: b.outside}
		if f := failureOf(b.hand(t.Context(), to, Message{ID: "alm_1"})); f.Kind != want {
			t.Errorf("%s: %+v", address, f)
		}
	}
	to := destination{kind: KindWebhook, values: map[string]string{"url": flood.URL}, client: b.outside}
	if err := b.hand(t.Context(), to, Message{ID: "alm_1"}); err != nil && failureOf(err).Kind != FailureReach {
		t.Errorf("a flood: %v", err)
	}
	strict := newBench(t, modelstest.SQLite(t), Options{})
	to.client = strict.outside
	if f := failureOf(strict.hand(t.Context(), to, Message{ID: "alm_1"})); f.Kind != FailurePrivate || !f.Final {
		t.Errorf("a private network: %+v", f)
	}
	err := strict.db.Write(t.Context(), func(tx *models.Tx) error {
		_, _, err := strict.CreateChannel(tx, nil, KindSlack, ChannelEdit{Name: "x", Values: map[string]string{"url": flood.URL}}, modelstest.Actor())
		return err
	})
	if want := models.Invalid("url", "private_address"); err == nil || err.Error() != want.Error() {
		t.Errorf("a form with a private address: %v", err)
	}
}

func TestParseChannels(t *testing.T) {
	t.Parallel()
	got, err := ParseChannels(strings.Join([]string{
		"mailto:ops@example.com", "https://hooks.slack.com/services/T/B/x", "https://discord.com/api/webhooks/1/x",
		"https://api.telegram.org/bot1:x?chat_id=-5", "https://prod.westeurope.logic.azure.com/workflows/x",
		"https://oapi.dingtalk.com/robot/send?access_token=x#SECy", "https://open.feishu.cn/open-apis/bot/v2/hook/x",
		"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", "https://ops.example.com/hook#" + hookKey, "slack+http://127.0.0.1:9/x",
	}, ", "))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"mail ops@example.com", "slack hooks.slack.com", "discord discord.com", "telegram api.telegram.org", "teams prod.westeurope.logic.azure.com",
		"dingtalk oapi.dingtalk.com", "feishu open.feishu.cn", "wecom qyapi.weixin.qq.com", "webhook ops.example.com", "slack 127.0.0.1:9",
	}
	for i, c := range got {
		if c.Kind+" "+c.Host != want[i] {
			t.Errorf("%d: %s %s, want %s", i, c.Kind, c.Host, want[i])
		}
	}
	if v := got[5].values; v["secret"] != "SECy" || strings.Contains(v["url"], "#") {
		t.Errorf("DingTalk: %v", v)
	}
	for wrong, said := range map[string]string{
		"ftp://hunter2.example": "begin with mailto:", "hunter2": "begin with mailto:", "mailto:hunter2": "mail address",
		"https://user:hunter2@example.com/x": "user name", "fax+https://hunter2.example/x": "kind", "https:///hunter2": "host",
		"https://api.telegram.org/bothunter2": "chat_id", "telegram+https://hunter2.example/?chat_id=1": "token", "https://%zz/hunter2": "webhook",
	} {
		_, err := ParseChannels("mailto:ops@example.com, " + wrong)
		if err == nil || !strings.Contains(err.Error(), said) || !strings.Contains(err.Error(), "address 2 of 2") {
			t.Errorf("%q: %v, want %q", wrong, err, said)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats it", wrong)
		}
	}
}
