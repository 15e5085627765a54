package mail_test

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/mail/mailtest"
	"github.com/tillpost/tillpost/secret"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// sender sends to the sink by an address that is completed.
func sender(t *testing.T, sink *mailtest.Sink, format string) *mail.Sender {
	t.Helper()
	server, err := mail.ParseURL(fmt.Sprintf(format, sink.Addr))
	if err != nil {
		t.Fatal(err)
	}
	return mail.New(server, mail.Options{AllowNets: loopback, RootCAs: sink.CAs})
}

const inTheClear = "smtp://%s?from=parcels@shop.example&starttls=off"

func letter() mail.Message {
	return mail.Message{
		ID: "cml_1@shop.example", FromName: "茶 \"Tea\" & Co", To: "grace@example.com", ReplyTo: "help@shop.example",
		Subject: "您的包裹已发出", Text: "Grüße\n.\nnach einem Punkt", HTML: "<p>Grüße</p>", Language: "zh-Hans",
		Unsubscribe: "https://shop.example/t/stop/" + strings.Repeat("x", 180),
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t)
	if err := sender(t, sink, "smtp://shop:s3cret@%s?from=parcels@shop.example").Send(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	mails := sink.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	m := mails[0]
	for what, pair := range map[string][2]string{
		"envelope from": {m.From, "parcels@shop.example"}, "envelope to": {m.To, "grace@example.com"},
		"signed in": {m.User, "shop:s3cret"}, "subject": {m.Subject(), "您的包裹已发出"},
		"text": {m.Text, "Grüße\n.\nnach einem Punkt"}, "html": {m.HTML, "<p>Grüße</p>"},
		"message id":   {m.Header.Get("Message-Id"), "<cml_1@shop.example>"},
		"to":           {m.Header.Get("To"), "<grace@example.com>"},
		"reply to":     {m.Header.Get("Reply-To"), "<help@shop.example>"},
		"automatic":    {m.Header.Get("Auto-Submitted"), "auto-generated"},
		"language":     {m.Header.Get("Content-Language"), "zh-Hans"},
		"one click":    {m.Header.Get("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click"},
		"unsubscribe":  {strings.Join(strings.Fields(m.Header.Get("List-Unsubscribe")), ""), "<" + letter().Unsubscribe + ">"},
		"sent by":      {address(t, m).Address, "parcels@shop.example"},
		"sender named": {address(t, m).Name, "茶 \"Tea\" & Co"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	if !m.TLS {
		t.Error("the password went in the clear")
	}
}

func TestTLSFromTheStart(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t)
	sink.TLSFromStart()
	if err := sender(t, sink, "smtps://shop:s3cret@%s?from=parcels@shop.example").Send(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	if m := sink.Mails(); len(m) != 1 || !m[0].TLS || m[0].User != "shop:s3cret" {
		t.Errorf("%+v", m)
	}
}

func TestPlainHTTPHasNoOneClick(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t)
	l := letter()
	l.Unsubscribe = "http://127.0.0.1/t/stop/x"
	if err := sender(t, sink, inTheClear).Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	h := sink.Mails()[0].Header
	if h.Get("List-Unsubscribe") != "<http://127.0.0.1/t/stop/x>" || h.Get("List-Unsubscribe-Post") != "" {
		t.Errorf("headers %v", h)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	closes := func(at string) func(string) string {
		return func(command string) string {
			if command == at {
				return "close"
			}
			return ""
		}
	}
	answers := func(at, answer string) func(string) string {
		return func(command string) string {
			if command == at {
				return answer
			}
			return ""
		}
	}
	tests := []struct {
		name   string
		url    string
		answer func(string) string
		noTLS  bool
		want   mail.Kind
		code   int
	}{
		{name: "no greeting", answer: closes("connect"), want: mail.Unreachable},
		{name: "not now", answer: answers("connect", "421 busy"), want: mail.Unreachable, code: 421},
		{name: "never", answer: answers("connect", "554 go away"), want: mail.Rejected, code: 554},
		{name: "no STARTTLS", url: "smtp://%s?from=parcels@shop.example", noTLS: true, want: mail.Rejected},
		{name: "wrong password", url: "smtp://a:b@%s?from=parcels@shop.example", answer: answers("AUTH", "535 no"), want: mail.Rejected, code: 535},
		{name: "sender refused", answer: answers("MAIL", "550 no"), want: mail.Refused, code: 550},
		{name: "recipient unknown", answer: answers("RCPT", "550 5.1.1 <grace@example.com> unknown"), want: mail.Refused, code: 550},
		{name: "recipient's box full", answer: answers("RCPT", "452 full"), want: mail.Deferred, code: 452},
		{name: "hangs up before the text", answer: closes("DATA"), want: mail.Deferred},
		{name: "text refused", answer: answers(".", "554 spam"), want: mail.Refused, code: 554},
		{name: "text deferred", answer: answers(".", "451 later"), want: mail.Deferred, code: 451},
		{name: "hangs up after the text", answer: closes("."), want: mail.Unclear},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.New(t)
			sink.Respond(test.answer)
			if test.noTLS {
				sink.WithoutTLS()
			}
			if test.url == "" {
				test.url = inTheClear
			}
			err := sender(t, sink, test.url).Send(t.Context(), letter())
			failed, ok := errors.AsType[*mail.Error](err)
			if !ok || failed.Kind != test.want || failed.Code != test.code {
				t.Fatalf("%#v, want %s %d", err, test.want, test.code)
			}
			if strings.Contains(failed.Error(), "grace") {
				t.Errorf("the error names the recipient: %s", failed)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		err := mail.New(mail.Server{Host: "127.0.0.1", Port: 1, From: "a@b.example"}, mail.Options{AllowNets: loopback}).Send(t.Context(), letter())
		if failed, ok := errors.AsType[*mail.Error](err); !ok || failed.Kind != mail.Unreachable {
			t.Errorf("%v", err)
		}
	})
	t.Run("a private network", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t)
		server, err := mail.ParseURL(sink.URL())
		if err != nil {
			t.Fatal(err)
		}
		err = mail.New(server, mail.Options{}).Send(t.Context(), letter())
		if failed, ok := errors.AsType[*mail.Error](err); !ok || failed.Kind != mail.Rejected || !strings.Contains(failed.Error(), "private") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a certificate that nobody trusts", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t)
		server, err := mail.ParseURL("smtp://" + sink.Addr + "?from=a@b.example")
		if err != nil {
			t.Fatal(err)
		}
		err = mail.New(server, mail.Options{AllowNets: loopback}).Send(t.Context(), letter())
		if failed, ok := errors.AsType[*mail.Error](err); !ok || failed.Kind != mail.Unreachable || len(sink.Mails()) != 0 {
			t.Errorf("%v", err)
		}
	})
	t.Run("the context ends", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t)
		ctx, cancel := context.WithCancel(t.Context())
		sink.Respond(func(command string) string {
			if command == "DATA" {
				cancel()
				<-ctx.Done()
				time.Sleep(50 * time.Millisecond) // the connection is closed meanwhile
			}
			return ""
		})
		start := time.Now()
		if err := sender(t, sink, inTheClear).Send(ctx, letter()); err == nil || time.Since(start) > 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url  string
		want mail.Server
	}{
		{"smtp://mail.example?from=a@b.example", mail.Server{Host: "mail.example", Port: 587, From: "a@b.example", TLS: mail.TLSStart}},
		{"smtps://me:p%40ss@mail.example?from=a@b.example", mail.Server{Host: "mail.example", Port: 465, User: "me", From: "a@b.example", TLS: mail.TLSFromStart}},
		{"smtp://me%40b.example:x@mail.example:25", mail.Server{Host: "mail.example", Port: 25, User: "me@b.example", From: "me@b.example", TLS: mail.TLSStart}},
		{"smtp://[::1]:2525?from=a@b.example&starttls=off", mail.Server{Host: "::1", Port: 2525, From: "a@b.example", TLS: mail.TLSNone}},
	}
	for _, test := range tests {
		got, err := mail.ParseURL(test.url)
		got.Password = secret.String{}
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v", test.url, got, err)
		}
	}
	if s, err := mail.ParseURL(tests[1].url); err != nil || s.Password.Reveal() != "p@ss" || strings.Contains(fmt.Sprintf("%+v", s), "p@ss") {
		t.Errorf("%+v, %v", s, err)
	}
	for _, wrong := range []string{
		"", "mail.example", "http://mail.example?from=a@b.example", "smtp://?from=a@b.example", "smtp://me:hunter2@mail.example",
		"smtp://me:hunter2@mail.example/x?from=a@b.example", "smtp://mail.example:0?from=a@b.example", "smtp://mail.example?from=Shop <a@b.example>",
		"smtp://mail.example?from=a@b.example&starttls=maybe", "smtp://mail.example?from=a@b.example&x=y", "smtp://me:hunter2%zz@mail.example?from=a@b.example",
	} {
		if _, err := mail.ParseURL(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats the password", wrong)
		}
	}
}

func address(t *testing.T, m mailtest.Mail) *netmail.Address {
	t.Helper()
	a, err := netmail.ParseAddress(m.Header.Get("From"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
