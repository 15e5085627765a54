package dhlparcelde

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strings"
)

// credentials are those of the app at DHL's gateway, "key:secret", and those of
// the customer at the tracking service behind it.
type credentials struct {
	app, username, password string
}

// gateway returns the app's key and its secret, which old apps do not have.
func (c credentials) gateway() (key, secret string) {
	key, secret, _ = strings.Cut(c.app, ":")
	return strings.TrimSpace(key), strings.TrimSpace(secret)
}

// question is the query of a call: an XML document, with the customer's
// credentials in it.
func (c credentials) question(numbers []string) string {
	ask := struct {
		XMLName  xml.Name `xml:"data"`
		App      string   `xml:"appname,attr"`
		Language string   `xml:"language-code,attr"`
		Password string   `xml:"password,attr"`
		Numbers  string   `xml:"piece-code,attr"`
		Request  string   `xml:"request,attr"`
	}{
		App: c.username, Language: "en", Password: c.password,
		Numbers: strings.Join(numbers, ";"), Request: "d-get-piece-detail",
	}
	document, err := xml.Marshal(ask) //nolint:gosec // the API wants the password in its question
	if err != nil {
		return "" // texts in attributes always encode
	}
	return url.Values{"xml": {`<?xml version="1.0" encoding="UTF-8"?>` + string(document)}}.Encode()
}

// secrets are all forms in which an answer may repeat the credentials: as they
// are, as they stand in XML, and as that stands in the address.
func (c credentials) secrets() []string {
	key, secret := c.gateway()
	forms := []string{c.app, key, secret, base64.StdEncoding.EncodeToString([]byte(key + ":" + secret)), c.password}
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, []byte(c.password)); err == nil {
		forms = append(forms, escaped.String(), url.QueryEscape(escaped.String()))
	}
	return append(forms, url.QueryEscape(c.password))
}
