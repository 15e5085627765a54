package main

import "testing"

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
