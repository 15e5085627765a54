// Package mail sends mails by SMTP. It says of each failure what the sender must
// know: whether the mail may have been taken, and whether to try again.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/tillpost/tillpost/safehttp"
)

// patience bounds each step with a mail server: connecting with sign-in, and
// the handing over of one mail.
const patience = 20 * time.Second

// Options say where mail servers may be.
type Options struct {
	// AllowNets are private networks that the server may be in all the same.
	AllowNets []netip.Prefix
	// RootCAs are trusted instead of the system's; for tests.
	RootCAs *x509.CertPool
}

// Sender hands mails to one server.
type Sender struct {
	server Server
	opts   Options
}

// New makes a sender; it connects to nothing yet.
func New(s Server, opts Options) *Sender { return &Sender{server: s, opts: opts} }

// Message is one mail to one recipient.
type Message struct {
	ID       string // the Message-ID without its brackets: the same for the same mail
	FromName string // beside the server's address
	To       string
	ReplyTo  string // empty: none
	Subject  string
	Text     string
	HTML     string // empty: text alone
	Language string
	// Unsubscribe is where mails of this kind are stopped; by https a mail program
	// may do so with one click (RFC 8058). Empty: nowhere.
	Unsubscribe string
}

// From is the address that mails come from.
func (s *Sender) From() string { return s.server.From }

// Conn is an open connection to the server, signed in, for some mails in a row.
type Conn struct {
	client *gomail.Client
	from   string
	stop   func() bool
}

// Open connects and signs in. Its errors are *Error, and nothing was sent.
func (s *Sender) Open(ctx context.Context) (*Conn, error) {
	var raw net.Conn
	client, err := gomail.NewClient(s.server.Host, s.options(func(conn net.Conn) { raw = conn })...)
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		if raw != nil {
			_ = raw.Close() // of no further use
		}
		return nil, connectError(err)
	}
	// go-mail minds the context while it connects only.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	return &Conn{client: client, from: s.server.From, stop: stop}, nil
}

func (s *Sender) options(opened func(net.Conn)) []gomail.Option {
	config := &tls.Config{ServerName: s.server.Host, MinVersion: tls.VersionTLS12, RootCAs: s.opts.RootCAs}
	dialer := safehttp.Options{BlockPrivate: true, Allow: s.opts.AllowNets}.Dialer()
	options := []gomail.Option{
		gomail.WithPort(s.server.Port), gomail.WithTimeout(patience), gomail.WithTLSConfig(config), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err == nil && s.server.TLS == TLSFromStart {
				secured := tls.Client(conn, config)
				if err = secured.HandshakeContext(ctx); err != nil {
					_ = conn.Close()
				}
				conn = secured
			}
			if err != nil {
				return nil, err //nolint:wrapcheck // connectError names the act
			}
			opened(conn)
			return conn, nil
		}),
	}
	switch s.server.TLS {
	case TLSFromStart:
		options = append(options, gomail.WithSSL())
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case TLSStart:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.server.User != "" {
		options = append(options, gomail.WithUsername(s.server.User), gomail.WithPassword(s.server.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

// Send hands one mail over. Its errors are *Error.
func (c *Conn) Send(m Message) error {
	msg, err := c.compose(m)
	if err != nil {
		return err
	}
	if err := c.client.Send(msg); err != nil && !msg.IsDelivered() {
		return sendError(err)
	}
	return nil
}

func (c *Conn) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	refuse := func(err error) error { return &Error{Kind: Refused, Reason: "the mail cannot be written", err: err} }
	msg.FromMailAddress(&mail.Address{Name: m.FromName, Address: c.from})
	if err := msg.To(m.To); err != nil {
		return nil, refuse(errors.New("the recipient's address is malformed")) // which the error would repeat
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, refuse(err)
		}
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	if m.ID != "" {
		msg.SetMessageIDWithValue(m.ID)
	} else {
		msg.SetMessageID()
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: answering machines keep still
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", m.Language)
	}
	if m.Unsubscribe != "" {
		if err := msg.SetListUnsubscribeOneClick(m.Unsubscribe); err != nil {
			msg.SetListUnsubscribe(m.Unsubscribe) // no https: by hand only
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// Close ends the connection.
func (c *Conn) Close() {
	c.stop()
	_ = c.client.Close() // what was handed over stays handed over
}

// Send connects, hands one mail over and ends the connection.
func (s *Sender) Send(ctx context.Context, m Message) error {
	conn, err := s.Open(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Send(m)
}
