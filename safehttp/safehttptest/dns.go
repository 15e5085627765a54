// Package safehttptest has name servers for tests of what must not be reached.
package safehttptest

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
)

// DNS returns a resolver that asks a name server of our own, which answers every
// question for an IPv4 address with answer's.
func DNS(t testing.TB, answer func() [4]byte) *net.Resolver {
	t.Helper()
	var config net.ListenConfig
	server, err := config.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return // closed
			}
			if _, err := server.WriteTo(dnsAnswer(question[:n], answer), from); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	address := server.LocalAddr().String()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", address)
	}}
}

// dnsAnswer answers an A question with one record, any other with none.
func dnsAnswer(question []byte, answer func() [4]byte) []byte {
	const headerSize, typeA = 12, 1
	end := headerSize
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	isA := binary.BigEndian.Uint16(question[end+1:]) == typeA
	message := []byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}
	message = append(message, question[headerSize:end+5]...)
	if isA {
		message[7] = 1
		ip := answer()
		message = append(message, 0xc0, headerSize, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4)
		message = append(message, ip[:]...)
	}
	return message
}
