package mail

import (
	"errors"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"github.com/tillpost/tillpost/secret"
)

// TLS says how a connection to the server is protected.
type TLS string

// The ways: STARTTLS is insisted on unless somebody says otherwise.
const (
	TLSStart     TLS = "starttls"
	TLSFromStart TLS = "tls"
	TLSNone      TLS = "none"
)

// Server is a mail server with how to sign in, and the address that mails come from.
type Server struct {
	Host     string
	Port     int
	User     string // empty: without signing in
	Password secret.String
	From     string
	TLS      TLS
}

// Ports without one in the address.
const (
	submission  = 587
	submissions = 465
)

// ParseURL reads smtp://USER:PASSWORD@HOST:587?from=ADDRESS, or smtps:// for TLS
// from the start. With starttls=off the connection stays in the clear. Errors
// never repeat the address, which holds the password.
func ParseURL(raw string) (Server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Server{}, errors.New("it is no URL")
	}
	s := Server{Host: u.Hostname(), Port: submission, TLS: TLSStart}
	switch u.Scheme {
	case "smtp":
	case "smtps":
		s.Port, s.TLS = submissions, TLSFromStart
	default:
		return Server{}, errors.New("it must start with smtp:// or smtps://")
	}
	if s.Host == "" || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return Server{}, errors.New("it must name a host and nothing behind it but ?from=")
	}
	if text := u.Port(); text != "" {
		if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 1 || s.Port > 65535 {
			return Server{}, errors.New("its port is none")
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		s.User, s.Password = u.User.Username(), secret.NewString(password)
	}
	if err := s.parameters(u.Query()); err != nil {
		return Server{}, err
	}
	return s, nil
}

func (s *Server) parameters(q url.Values) error {
	s.From = q.Get("from")
	if s.From == "" && strings.Contains(s.User, "@") {
		s.From = s.User
	}
	if a, err := mail.ParseAddress(s.From); err != nil || a.Address != s.From {
		return errors.New("it must say which address mails come from, as ?from=parcels@shop.example")
	}
	for name := range q {
		if name != "from" && name != "starttls" {
			return errors.New("it may have from= and starttls=off, and no other parameters")
		}
	}
	switch q.Get("starttls") {
	case "", "on":
	case "off":
		if s.TLS == TLSStart {
			s.TLS = TLSNone
		}
	default:
		return errors.New("its starttls= is neither on nor off")
	}
	return nil
}
