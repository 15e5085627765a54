package safehttp

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		urls []string
		want URLProblem
	}{
		{name: "public", urls: []string{
			"https://shop.example/hooks", "http://shop.example:8080/a?b=c", "HTTPS://Shop.Example./x", "https://8.8.8.8/",
			"https://[2606:4700:4700::1111]:8443/", "https://münchen.example/", "https://a_b.example/", "https://1password.example",
		}},
		{name: "too long", urls: []string{"https://shop.example/" + strings.Repeat("x", 2048)}, want: URLTooLong},
		{name: "malformed", urls: []string{"https://shop.example/%zz", "https://a b.example", "https://a\n.example", "http://[::1", "https://x:port/"}, want: URLMalformed},
		{name: "scheme", urls: []string{"", "shop.example", "//shop.example/x", "ftp://shop.example", "file:///etc/passwd", "gopher://x", "javascript:alert(1)", "unix:///run/x.sock"}, want: URLScheme},
		{name: "user name or password", urls: []string{"https://me@shop.example", "https://me:secret@shop.example", "https://shop.example@127.0.0.1/"}, want: URLUserinfo},
		{name: "no host", urls: []string{"https://", "https:///x", "https:shop.example", "https://:443/"}, want: URLHost},
		{name: "host name", urls: []string{
			"https://-a.example", "https://a-.example", "https://a..example", "https://a!.example", "https://" + strings.Repeat("a", 64) + ".example",
			"https://" + strings.Repeat("abcdefgh.", 32) + "example",
		}, want: URLHost},
		{name: "IP address in disguise", urls: []string{"http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://0/", "http://1.2.3.0x4/", "http://09.example.08/"}, want: URLHost},
		{name: "port", urls: []string{"https://shop.example:0/", "https://shop.example:65536/", "https://shop.example:99999999999999999999/", "https://shop.example:/"}, want: URLPort},
		{name: "fragment", urls: []string{"https://shop.example/#top", "https://shop.example/#"}, want: URLFragment},
		{name: "private address", urls: []string{
			"http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://localhost:8080/", "http://LOCALHOST./", "http://a.localhost/",
			"http://10.0.0.1", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1%25eth0]/", "http://0.0.0.0/",
		}, want: URLPrivate},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, raw := range test.urls {
				err := CheckURL(raw, Options{BlockPrivate: true})
				if test.want == "" {
					if err != nil {
						t.Errorf("%s: %v, want accepted", raw, err)
					}
					continue
				}
				var problem *URLError
				if !errors.As(err, &problem) || problem.Problem != test.want {
					t.Errorf("%s: %v, want problem %s", raw, err, test.want)
				}
				if (test.want == URLPrivate) != errors.Is(err, ErrPrivateAddress) {
					t.Errorf("%s: %v: only a private address is ErrPrivateAddress", raw, err)
				}
			}
		})
	}

	t.Run("allowed networks", func(t *testing.T) {
		t.Parallel()
		opts := Options{BlockPrivate: true, Allow: prefixes(t, "127.0.0.0/8")}
		for _, raw := range []string{"http://127.0.0.1:8080/", "http://localhost:8080/"} {
			if err := CheckURL(raw, opts); err != nil {
				t.Errorf("%s: %v, want accepted", raw, err)
			}
		}
		if err := CheckURL("http://10.0.0.1/", opts); !errors.Is(err, ErrPrivateAddress) {
			t.Errorf("another network: %v, want refused", err)
		}
	})

	t.Run("the message keeps passwords to itself", func(t *testing.T) {
		t.Parallel()
		err := CheckURL("https://me:hunter2@shop.example", Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("message %q", err)
		}
	})
}
