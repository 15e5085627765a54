// Package mailtest is a mail server inside a test: it keeps what it is sent and
// misbehaves on demand.
package mailtest

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// Mail is one that the sink took.
type Mail struct {
	From, To string // of the envelope
	Header   mail.Header
	Text     string
	HTML     string
	TLS      bool
	User     string // who signed in
}

// Subject is decoded.
func (m Mail) Subject() string { return Decode(m.Header.Get("Subject")) }

// Decode reads a header that may be encoded.
func Decode(header string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return text
}

// Sink is the server.
type Sink struct {
	Addr string
	CAs  *x509.CertPool // that trust it

	mu     sync.Mutex
	habits habits
	mails  []Mail
	open   sync.WaitGroup
}

// habits are how the sink treats connections.
type habits struct {
	tls       *tls.Config // offered by STARTTLS; nil: not offered
	fromStart bool
	answer    func(command string) string
}

// Respond has a function answer commands, and as "." the end of a mail, in the
// server's stead: empty is the usual answer, "close" hangs up.
func (s *Sink) Respond(answer func(command string) string) {
	s.set(func(h *habits) { h.answer = answer })
}

// WithoutTLS takes STARTTLS away.
func (s *Sink) WithoutTLS() { s.set(func(h *habits) { h.tls = nil }) }

// TLSFromStart has TLS from the start rather than by STARTTLS.
func (s *Sink) TLSFromStart() { s.set(func(h *habits) { h.fromStart = true }) }

// set changes how later connections are treated.
func (s *Sink) set(change func(*habits)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.habits)
}

func (s *Sink) current() habits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.habits
}

// New starts a sink on the loopback address that ends with the test.
func New(t testing.TB) *Sink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Sink{Addr: listener.Addr().String()}
	s.habits.tls, s.CAs = certificate(t)
	s.open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.open.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				(&session{habits: s.current(), sink: s, conn: conn, text: textproto.NewConn(conn)}).serve()
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		s.open.Wait()
	})
	return s
}

// URL is the sink's address as the program is configured with it.
func (s *Sink) URL() string {
	return "smtp://" + s.Addr + "?from=parcels@tillpost.example&starttls=off"
}

// Mails are those that came in so far.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

type session struct {
	habits habits

	sink           *Sink
	conn           net.Conn
	text           *textproto.Conn
	from, to, user string
	secured        bool
}

func (s *session) serve() {
	if s.habits.fromStart {
		s.conn = tls.Server(s.conn, s.habits.tls)
		s.text, s.secured = textproto.NewConn(s.conn), true
	}
	if !s.say("connect", "220 sink ready") {
		return
	}
	for {
		line, err := s.text.ReadLine()
		if err != nil || !s.command(line) {
			return
		}
	}
}

// say answers, and reports false when the connection is over.
func (s *session) say(command, usual string) bool {
	return s.send(s.answer(command, usual))
}

func (s *session) answer(command, usual string) string {
	if s.habits.answer == nil {
		return usual
	}
	return cmp.Or(s.habits.answer(command), usual)
}

func (s *session) send(answer string) bool {
	return answer != "close" && s.text.PrintfLine("%s", answer) == nil
}

func (s *session) command(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		answer := "250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-AUTH PLAIN\r\n"
		if s.habits.tls != nil && !s.secured {
			answer += "250-STARTTLS\r\n"
		}
		return s.say("EHLO", answer+"250 ENHANCEDSTATUSCODES")
	case "STARTTLS":
		if !s.say("STARTTLS", "220 go on") {
			return false
		}
		secured := tls.Server(s.conn, s.habits.tls)
		s.text, s.secured = textproto.NewConn(secured), true
		return true
	case "AUTH":
		_, encoded, _ := strings.Cut(rest, " ")
		plain, _ := base64.StdEncoding.DecodeString(encoded)
		s.user = strings.ReplaceAll(strings.TrimPrefix(string(plain), "\x00"), "\x00", ":")
		return s.say("AUTH", "235 welcome")
	case "MAIL":
		s.from = address(rest)
		return s.say("MAIL", "250 ok")
	case "RCPT":
		s.to = address(rest)
		return s.say("RCPT", "250 ok")
	case "DATA":
		if !s.say("DATA", "354 go on") {
			return false
		}
		body, err := io.ReadAll(s.text.DotReader())
		if err != nil {
			return false
		}
		answer := s.answer(".", "250 taken")
		if answer == "close" || answer[0] == '2' { // who hangs up may have taken it
			s.keep(body)
		}
		return s.send(answer)
	case "QUIT":
		s.say("QUIT", "221 bye")
		return false
	default:
		return s.say(verb, "250 ok")
	}
}

func address(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	text, _, _ := strings.Cut(rest, ">")
	return text
}

func (s *session) keep(body []byte) {
	m := Mail{From: s.from, To: s.to, TLS: s.secured, User: s.user}
	parsed, err := mail.ReadMessage(bufio.NewReader(bytes.NewReader(body)))
	if err != nil {
		m.Text = fmt.Sprintf("unreadable: %v\n%s", err, body)
	} else {
		m.Header = parsed.Header
		m.read(textproto.MIMEHeader(parsed.Header), parsed.Body)
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.mails = append(s.sink.mails, m)
}

// read takes a part, or the parts of one that has some.
func (m *Mail) read(header textproto.MIMEHeader, body io.Reader) {
	kind, parameters, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, parameters["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.read(part.Header, part)
		}
	}
	switch header.Get("Content-Transfer-Encoding") {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, _ := io.ReadAll(body)
	content := strings.ReplaceAll(string(text), "\r\n", "\n")
	if kind == "text/html" {
		m.HTML = content
	} else {
		m.Text = content
	}
}

// certificate is one of 127.0.0.1 that signs itself.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sink"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}
