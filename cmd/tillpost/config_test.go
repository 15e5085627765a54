package main

import (
	"strings"
	"testing"
)

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://pay.example.com":        "https://pay.example.com",
		"https://pay.example.com/tills/": "https://pay.example.com/tills",
		"http://192.168.1.20:8080":       "http://192.168.1.20:8080",
		"http://127.0.0.1:8080":          "",
		"http://127.9.9.9":               "",
		"http://[::1]:8080":              "",
		"http://[::ffff:127.0.0.1]":      "",
		"http://0.0.0.0:8080":            "",
		"http://LOCALHOST:8080":          "",
		"http://till.localhost.":         "",
		"https://localhost.example.com":  "https://localhost.example.com",
	} {
		c := &Config{BaseURL: base}
		if got := c.publicURL(); got != want {
			t.Errorf("%s: %q, want %q", base, got, want)
		}
	}
}

func TestPagesURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		config Config
		web    bool
		want   string
	}{
		{Config{BaseURL: "https://pay.example.com/"}, true, "https://pay.example.com"},
		{Config{BaseURL: "http://127.0.0.1:8080", ownURL: true}, true, "http://127.0.0.1:8080"},
		{Config{BaseURL: "http://127.0.0.1:8080", ownURL: true}, false, ""}, // it serves no pages, and nobody said where they are
		{Config{BaseURL: "https://pay.example.com"}, false, "https://pay.example.com"},
	} {
		if got := test.config.pagesURL(test.web); got != test.want {
			t.Errorf("%+v: %q, want %q", test.config, got, test.want)
		}
	}
}

func TestMailServer(t *testing.T) {
	t.Parallel()
	c := &Config{SMTPURL: "smtp://shop:hunter2@mail.example:25?from=parcels@shop.example"}
	if err := c.mailServer(); err != nil || c.smtp == nil || c.smtp.Host != "mail.example" {
		t.Errorf("%+v, %v", c.smtp, err)
	}
	for own, want := range map[bool]bool{true: false, false: true} {
		c.ownURL = own
		if err := c.checkLinks(); (err == nil) != want {
			t.Errorf("a node without web whose address was given: %v: %v", !own, err)
		}
	}
	c.SMTPURL = "smtp://shop:hunter2@mail.example:25"
	err := c.mailServer()
	if err == nil || !strings.Contains(err.Error(), "TILLPOST_SMTP_URL") || strings.Contains(err.Error(), "hunter2") || c.smtp != nil {
		t.Errorf("%v", err)
	}
	c.SMTPURL = ""
	if err := c.mailServer(); err != nil || c.smtp != nil {
		t.Errorf("%v", err)
	}
}
