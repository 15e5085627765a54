package handlers

import (
	"net"
	"net/netip"
	"strings"
)

// clientHeader carries the client's address from identify to c.IP. What a
// client sends under this name is overwritten.
const clientHeader = "X-Tillpost-Client"

// proxies are the networks of those who may say on whose behalf they ask.
type proxies []netip.Prefix

// newProxies reads addresses and networks; cmd has checked them.
func newProxies(texts []string) proxies {
	var p proxies
	for _, text := range texts {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			p = append(p, prefix)
		} else if addr, err := netip.ParseAddr(text); err == nil {
			p = append(p, netip.PrefixFrom(addr, addr.BitLen()))
		}
	}
	return p
}

func (p proxies) trust(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// holds says whether an address is one of theirs.
func (p proxies) holds(remote net.IP) bool {
	addr, ok := netip.AddrFromSlice(remote)
	return ok && p.trust(addr.Unmap())
}

// client is who asks: the last address of the way that is none of ours. What
// stands before it may be invented.
func (p proxies) client(remote net.IP, forwarded string) string {
	addr, ok := netip.AddrFromSlice(remote)
	if !ok {
		return remote.String()
	}
	addr = addr.Unmap()
	hops := strings.Split(forwarded, ",")
	for i := len(hops) - 1; i >= 0 && p.trust(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr.String()
}
