package views

import (
	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/views/ui"
)

// MailsPath is where administrators look at mails before anybody gets them.
const MailsPath = "/mails"

// MailsView shows every mail that Tillpost sends, with made-up data.
type MailsView struct {
	Language locales.Language
	Groups   []MailGroup
}

// MailGroup are mails to the same people.
type MailGroup struct {
	Title string
	Mails []SampleMail
}

// SampleMail is a mail as it would be sent.
type SampleMail struct {
	Name, Title, Subject, Text string
}

func (v MailsView) tabs() []ui.Tab {
	var tabs []ui.Tab
	for _, l := range locales.Languages() {
		tabs = append(tabs, ui.Tab{Label: l.Name(), Href: MailsPath + "?language=" + string(l), Current: l == v.Language})
	}
	return tabs
}

func (v MailsView) html(m SampleMail) string {
	return listAddress(MailsPath+"/"+m.Name, "language", string(v.Language))
}
