package alerts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
)

// EventTest is the event of messages that a test button sends.
const EventTest = "test"

// Brand is whom mails and messages come from.
const Brand = "Tillpost"

// Message is what a channel is given: words for people, and for programs the
// same as data.
type Message struct {
	ID       string // the same on every try
	Event    string // incident.opened, incident.reminder, incident.resolved, incident.digest, test
	Severity string
	Good     bool // it is over
	Headline string
	Text     string
	Lines    []Line // of a digest
	Link     string // the incident's page; empty: nobody knows the address of pages
	LinkText string
	At       time.Time
	Data     any
	Language string
	Why      string // for mails: why the reader gets it
	Stop     mail.Link
	Facts    []mail.Fact
}

// Line is an incident of a digest.
type Line struct{ Text, Link string }

// incidentData is an incident as webhooks give it.
type incidentData struct {
	ID         string            `json:"id"`
	Key        string            `json:"key"`
	Kind       string            `json:"kind"`
	Severity   string            `json:"severity"`
	Status     string            `json:"status"`
	Title      string            `json:"title"`
	Text       string            `json:"text"`
	MerchantID *string           `json:"merchant_id"`
	Merchant   string            `json:"merchant,omitempty"`
	ObjectID   string            `json:"object_id,omitempty"`
	Detail     map[string]string `json:"detail"`
	URL        string            `json:"url,omitempty"`
	OpenedAt   time.Time         `json:"opened_at"`
	ResolvedAt *time.Time        `json:"resolved_at"`
}

// reader is for whom a message is written.
type reader struct {
	texts *locales.Localizer
	zone  *time.Location
	base  string // the address of pages; empty: unknown
	mails bool   // it is a person's own mail, who can choose
	// merchants are the names of whose things incidents are about, by id. They are
	// for operators: a merchant knows who they are.
	merchants map[string]string
}

func (r reader) page(path string) string {
	if r.base == "" {
		return ""
	}
	return r.base + path
}

// about writes a message about an incident.
func (r reader) about(id, kind string, i *models.Incident, now time.Time) Message {
	said, merchant := Say(r.texts, r.zone, i, now), ""
	if i.MerchantID != nil {
		merchant = r.merchants[*i.MerchantID]
	}
	title := said.Title
	if merchant != "" {
		title += " · " + merchant
	}
	m := Message{
		ID: id, Event: "incident." + kind, Severity: i.Severity, Good: kind == models.AlertResolved,
		Headline: Headline(r.texts, kind, i.Severity, title), Text: said.Text, At: now,
		Link: r.page("/incidents/" + i.ID), LinkText: r.texts.T("alerts.open_incident"), Language: string(r.texts.Language()),
	}
	if m.Good {
		m.Text = r.texts.T("alerts.resolved_text", "For", Lasted(r.texts, i.ResolvedAt.Sub(i.OpenedAt)))
	}
	status := models.IncidentOpen
	if i.ResolvedAt != nil {
		status = models.IncidentResolved
		m.Facts = append(m.Facts, mail.Fact{Label: r.texts.T("alerts.resolved_at"), Value: r.moment(*i.ResolvedAt)})
	}
	m.Facts = append([]mail.Fact{
		{Label: r.texts.T("alerts.severity"), Value: severityWord(r.texts, i.Severity)},
		{Label: r.texts.T("alerts.opened_at"), Value: r.moment(i.OpenedAt)},
	}, m.Facts...)
	if merchant != "" {
		m.Facts = append([]mail.Fact{{Label: r.texts.T("common.merchant"), Value: merchant}}, m.Facts...)
	}
	m.Data = incidentData{
		ID: i.ID, Key: i.Key, Kind: i.Kind, Severity: i.Severity, Status: status, Title: said.Title, Text: said.Text,
		MerchantID: i.MerchantID, Merchant: merchant, ObjectID: i.ObjectID, Detail: i.Detail, URL: m.Link, OpenedAt: i.OpenedAt, ResolvedAt: i.ResolvedAt,
	}
	return r.signed(m)
}

func (r reader) moment(t time.Time) string { return t.In(r.zone).Format("2006-01-02 15:04:05 MST") }

// held is a message that quiet hours held back, with its incident.
type held struct {
	kind     string
	incident models.Incident
}

// digest writes one message of those that were held back, oldest first.
func (r reader) digest(id string, all []held, now time.Time) Message {
	m := Message{
		ID: id, Event: "incident." + models.AlertDigest, Severity: models.SeverityWarning, At: now, Language: string(r.texts.Language()),
		Headline: r.texts.T("alerts.digest_title", locales.Count, len(all)), Text: r.texts.T("alerts.digest_text"),
		Link: r.page("/incidents"), LinkText: r.texts.T("alerts.open_incidents"),
	}
	type entry struct {
		Event    string       `json:"event"`
		Incident incidentData `json:"incident"`
	}
	var entries []entry
	for _, h := range all {
		one := r.about(id, h.kind, &h.incident, now)
		m.Lines = append(m.Lines, Line{Text: r.moment(h.at()) + " · " + one.Headline, Link: one.Link})
		if data, ok := one.Data.(incidentData); ok {
			entries = append(entries, entry{one.Event, data})
		}
	}
	m.Data = map[string]any{"messages": entries}
	return r.signed(m)
}

func (h held) at() time.Time {
	if h.kind == models.AlertResolved && h.incident.ResolvedAt != nil {
		return *h.incident.ResolvedAt
	}
	return h.incident.OpenedAt
}

// test writes the message of a test button.
func (r reader) test(id, channel string, now time.Time) Message {
	return r.signed(Message{
		ID: id, Event: EventTest, Severity: models.SeverityWarning, Good: true, At: now, Language: string(r.texts.Language()),
		Headline: r.texts.T("alerts.test_title"), Text: r.texts.T("alerts.test_text", "Name", channel),
		Link: r.page("/incidents"), LinkText: r.texts.T("alerts.open_incidents"), Data: map[string]any{"channel": channel},
	})
}

// question writes the message that asks somebody whether a merchant may send
// incidents to the address.
func (r reader) question(id, merchant, link string, now time.Time) Message {
	return Message{
		ID: id, Event: EventConfirm, Severity: models.SeverityWarning, Good: true, At: now, Language: string(r.texts.Language()),
		Headline: r.texts.T("alerts.confirm_title"), Text: r.texts.T("alerts.confirm_text", "Merchant", merchant),
		Link: link, LinkText: r.texts.T("alerts.confirm_open"), Why: r.texts.T("alerts.why_confirm"),
	}
}

// signed says to mails' readers why they get it.
func (r reader) signed(m Message) Message {
	m.Why = r.texts.T("alerts.why_channel")
	if r.mails {
		m.Why = r.texts.T("alerts.why_person")
		m.Stop = mail.Link{Label: r.texts.T("alerts.change"), URL: r.page("/preferences#alerts")}
	}
	return m
}

// Plain is the message as text, for channels that take no more.
func (m Message) Plain() string {
	text := m.Headline + "\n" + m.Text + m.list("\n- ")
	if m.Link != "" {
		text += "\n" + m.Link
	}
	return text
}

// list writes the lines, each after a mark.
func (m Message) list(mark string) string {
	var text strings.Builder
	for _, line := range m.Lines {
		text.WriteString(mark + line.Text)
	}
	return text.String()
}

// escaped is the message with its texts, but no links, as a platform wants them.
func (m Message) escaped(by *strings.Replacer) Message {
	m.Headline, m.Text, m.LinkText = by.Replace(m.Headline), by.Replace(m.Text), by.Replace(m.LinkText)
	m.Lines = slices.Clone(m.Lines)
	for i := range m.Lines {
		m.Lines[i].Text = by.Replace(m.Lines[i].Text)
	}
	return m
}

// first is a digest with its first lines, and one that says how many are left out.
func (m Message) first(n int) Message {
	rest := locales.For(locales.Language(m.Language)).T("alerts.digest_more", "N", len(m.Lines)-n)
	m.Lines = append(slices.Clone(m.Lines[:n]), Line{Text: rest})
	return m
}

// Mail is the message as a mail.
func (m Message) Mail() mail.Page {
	page := mail.Page{
		Language: m.Language, Brand: Brand, Subject: Brand + ": " + m.Headline, Title: m.Headline, Paragraphs: []string{m.Text},
		Facts: m.Facts, Button: mail.Link{Label: m.LinkText, URL: m.Link}, Why: m.Why, Stop: m.Stop,
	}
	for _, line := range m.Lines {
		page.Items = append(page.Items, mail.Link{Text: line.Text, URL: line.Link})
	}
	return page
}

// body is the message as webhooks send it.
func (m Message) body() ([]byte, error) {
	body, err := json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{m.Event, m.At, m.Data})
	if err != nil {
		return nil, fmt.Errorf("write message %s: %w", m.ID, err)
	}
	return body, nil
}

// clip shortens a text to a number of bytes without breaking a character.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "…"
	end := most - len(mark)
	for end > 0 && text[end]&0xC0 == 0x80 {
		end--
	}
	return text[:end] + mark
}
