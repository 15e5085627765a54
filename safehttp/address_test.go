package safehttp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func prefixes(t *testing.T, list string) []netip.Prefix {
	t.Helper()
	var out []netip.Prefix
	for text := range strings.FieldsSeq(list) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, prefix)
	}
	return out
}

func TestPermit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		block     bool
		allow     string
		addresses string
		want      string // part of the error; empty: permitted
	}{
		{name: "loopback", block: true, addresses: "127.0.0.1 127.8.8.8 ::1 ::ffff:127.0.0.1", want: "loopback"},
		{name: "private", block: true, addresses: "10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 ::ffff:10.0.0.1 fc00::1 fd12:3456::1", want: "private"},
		{name: "link-local", block: true, addresses: "169.254.1.1 fe80::1 fe80::1%eth0", want: "link-local"},
		{name: "site-local", block: true, addresses: "fec0::1", want: "site-local"},
		{name: "unspecified", block: true, addresses: "0.0.0.0 0.1.2.3 ::", want: "unspecified"},
		{name: "carrier-grade NAT", block: true, addresses: "100.64.0.1 100.127.255.255", want: "carrier-grade NAT"},
		{name: "multicast and broadcast", block: true, addresses: "224.0.0.1 239.1.1.1 ff02::1", want: "multicast"},
		{name: "reserved", block: true, addresses: "240.0.0.1 255.255.255.255", want: "reserved"},
		{name: "documentation", block: true, addresses: "192.0.2.1 198.51.100.7 203.0.113.9 2001:db8::1 3fff::1", want: "documentation"},
		{name: "benchmarks", block: true, addresses: "198.18.0.1 198.19.255.255", want: "benchmarks"},
		{name: "protocol assignments", block: true, addresses: "192.0.0.1 2001:2::1 2001:20::1", want: "protocols"},
		{name: "embedded IPv4", block: true, addresses: "::7f00:1 ::8.8.8.8", want: "embedded"},
		{name: "translated IPv4", block: true, addresses: "::ffff:0:127.0.0.1", want: "translated"},
		{name: "NAT64", block: true, addresses: "64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::1", want: "NAT64"},
		{name: "6to4", block: true, addresses: "2002:7f00:1:: 2002:808:808::1", want: "6to4"},
		{name: "6to4 relay", block: true, addresses: "192.88.99.1", want: "6to4"},
		{name: "Teredo", block: true, addresses: "2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2", want: "Teredo"},
		{name: "segment routing", block: true, addresses: "5f00::1", want: "segment routing"},
		{name: "discard", block: true, addresses: "100::1", want: "discard"},
		{name: "not given out", block: true, addresses: "4000::1 1000::1 e000::1", want: "not a public address"},

		{name: "public", block: true, addresses: "1.1.1.1 8.8.8.8 172.32.0.1 172.15.255.255 100.63.255.255 100.128.0.1 11.0.0.1 223.255.255.255 2606:4700:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 ::ffff:8.8.8.8"},
		{name: "anything when nothing is blocked", addresses: "127.0.0.1 10.0.0.1 ::1 fe80::1 192.0.2.1"},
		{name: "allowed networks", block: true, allow: "127.0.0.0/8 10.0.0.0/8 fd00::/8", addresses: "127.0.0.1 ::ffff:127.0.0.1 10.9.8.7 fd00::1"},
		{name: "allowed in IPv6 notation", block: true, allow: "::ffff:10.0.0.0/104", addresses: "10.9.8.7"},
		{name: "beside the allowed network", block: true, allow: "10.0.0.0/16", addresses: "10.1.0.1", want: "private"},

		{name: "metadata", block: true, addresses: "169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 fd20:ce::254", want: "metadata"},
		{name: "metadata when nothing is blocked", addresses: "169.254.169.254 ::ffff:169.254.169.254 168.63.129.16 fd00:ec2::254", want: "metadata"},
		{name: "metadata inside an allowed network", block: true, allow: "169.254.0.0/16 fd00::/8 0.0.0.0/0 ::/0", addresses: "169.254.169.254 fd00:ec2::254", want: "metadata"},
		{name: "metadata behind a gateway", allow: "::/0", addresses: "64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: ::ffff:0:169.254.169.254 2001:0:4136:e378:8000:63bf:5601:5601", want: "metadata"},
		{name: "metadata allowed by itself", block: true, allow: "169.254.169.254/32 fd00:ec2::254/128", addresses: "169.254.169.254 ::ffff:169.254.169.254 fd00:ec2::254"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opts := Options{BlockPrivate: test.block, Allow: prefixes(t, test.allow)}
			for text := range strings.FieldsSeq(test.addresses) {
				err := opts.permit(netip.MustParseAddr(text))
				if test.want == "" {
					if err != nil {
						t.Errorf("%s: %v, want permitted", text, err)
					}
					continue
				}
				if !errors.Is(err, ErrPrivateAddress) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: %v, want a private address error with %q", text, err, test.want)
				}
			}
		})
	}
}
