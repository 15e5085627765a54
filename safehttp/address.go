package safehttp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// ErrPrivateAddress is wrapped by the error of a request to an address that
// the client must not reach.
var ErrPrivateAddress = errors.New("address not allowed")

type network struct {
	prefix netip.Prefix
	name   string
}

// reserved lists IANA's special-purpose networks and those that embed an IPv4
// address, which a gateway on the way would turn into a private one.
// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry
var reserved = []network{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared (carrier-grade NAT)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::/96"), "an embedded IPv4 address"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "a translated IPv4 address"},
	{netip.MustParsePrefix("64:ff9b::/96"), "behind NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "behind NAT64"},
	{netip.MustParsePrefix("100::/64"), "discard-only"},
	{netip.MustParsePrefix("2001::/32"), "a Teredo tunnel"},
	{netip.MustParsePrefix("2001::/23"), "reserved for protocols"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("2002::/16"), "a 6to4 tunnel"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
	{netip.MustParsePrefix("5f00::/16"), "a segment routing id"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// globalIPv6 is all of IPv6 that has been given out as public addresses.
var globalIPv6 = netip.MustParsePrefix("2000::/3")

// metadata lists the addresses at which cloud hosts hand credentials to
// whoever asks. One of them (Azure's) is public.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), // most clouds
	netip.MustParseAddr("169.254.170.2"),   // AWS ECS
	netip.MustParseAddr("169.254.170.23"),  // AWS EKS
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd00:ec2::23"),    // AWS EKS
	netip.MustParseAddr("fd20:ce::254"),    // Google
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("168.63.129.16"),   // Azure
}

// control runs after the look-up and before the connection, for each address
// that is tried, so neither a name that changes its address between two
// look-ups nor an odd spelling of a host gets past it.
func (o Options) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is no IP address: %w", ErrPrivateAddress, address, err)
	}
	return o.permit(target.Addr())
}

// permit returns why an address must not be reached, or nil.
func (o Options) permit(addr netip.Addr) error {
	addr = addr.WithZone("").Unmap()
	if isMetadata(addr) && !slices.ContainsFunc(o.Allow, func(p netip.Prefix) bool { return isExactly(p, addr) }) {
		return fmt.Errorf("%w: %s is an instance metadata address", ErrPrivateAddress, addr)
	}
	if !o.BlockPrivate || slices.ContainsFunc(o.Allow, func(p netip.Prefix) bool { return contains(p, addr) }) {
		return nil
	}
	for _, network := range reserved {
		if network.prefix.Contains(addr) {
			return fmt.Errorf("%w: %s is %s", ErrPrivateAddress, addr, network.name)
		}
	}
	if addr.Is6() && !globalIPv6.Contains(addr) {
		return fmt.Errorf("%w: %s is not a public address", ErrPrivateAddress, addr)
	}
	return nil
}

func isMetadata(addr netip.Addr) bool {
	if slices.Contains(metadata, addr) {
		return true
	}
	inner, ok := embedded(addr)
	return ok && slices.Contains(metadata, inner)
}

// embedded returns the IPv4 address that a gateway would reach for an IPv6 one.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	bytes := addr.As16()
	var inner [4]byte
	switch top := binary.BigEndian.Uint32(bytes[:4]); {
	case top>>16 == 0x2002: // 6to4
		copy(inner[:], bytes[2:6])
	case top == 0x2001_0000: // Teredo: the client's address, inverted
		binary.BigEndian.PutUint32(inner[:], ^binary.BigEndian.Uint32(bytes[12:]))
	case top == 0 || top == 0x0064_ff9b: // compatible, translated, NAT64
		copy(inner[:], bytes[12:])
	default:
		return netip.Addr{}, false
	}
	return netip.AddrFrom4(inner), true
}

// contains also matches an IPv4 network that was written as an IPv6 one.
func contains(prefix netip.Prefix, addr netip.Addr) bool {
	if prefix.Contains(addr) {
		return true
	}
	const mappedBits = 96
	if prefix.Addr().Is4In6() && prefix.Bits() >= mappedBits {
		return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits).Contains(addr)
	}
	return false
}

func isExactly(prefix netip.Prefix, addr netip.Addr) bool {
	return prefix.IsSingleIP() && prefix.Addr().Unmap() == addr
}
