// Package views holds the pages and their fragments. Views get data, never
// services; texts come from locales, money and times through format.go.
package views

import (
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
)

// Shell is what the frame around a page shows. The language and the time zone
// are in the context (locales.NewContext, WithViewer), because fragments need
// them without a Shell.
type Shell struct {
	Title string
	Path  string // of the request: "/orders"
	Query string // of the request, raw

	UserName     string
	UserEmail    string
	Role         string // admin, support, merchant
	MerchantName string // empty: all merchants

	CSRF         string
	Theme        string // light, dark; empty: same as the device
	LivePaused   bool   // from the cookie LiveCookie
	ShortcutsOff bool   // from the cookie ShortcutsCookie
	Demo         bool   // the data is made up
}

// The cookies that the page's script keeps, and the values that switch off.
const (
	LiveCookie      = "tillpost_live"
	LivePaused      = "paused"
	ShortcutsCookie = "tillpost_shortcuts"
	ShortcutsOff    = "off"
)

// The themes that /preferences/theme takes.
const (
	ThemeSystem = "system"
	ThemeLight  = "light"
	ThemeDark   = "dark"
)

var themeIcons = map[string]string{ThemeSystem: "monitor", ThemeLight: "sun", ThemeDark: "moon"}

// returnTo is the page that a changed preference leads back to.
func (s Shell) returnTo() string {
	if s.Query == "" {
		return s.Path
	}
	return s.Path + "?" + s.Query
}

func (s Shell) theme() string {
	if s.Theme == "" {
		return ThemeSystem
	}
	return s.Theme
}

// navItem is an entry of the main navigation.
type navItem struct {
	Path  string
	Label string // a key of the catalogues
	Icon  string
	Key   string // after G, the shortcut that leads there
}

var (
	work = []navItem{
		{"/", locales.Mark("nav.dashboard"), "layout-dashboard", "D"},
		{"/orders", locales.Mark("nav.orders"), "shopping-bag", "O"},
		{"/payments", locales.Mark("nav.payments"), "credit-card", "P"},
		{"/shipments", locales.Mark("nav.parcels"), "package", "S"},
		{"/deliveries", locales.Mark("nav.deliveries"), "webhook", "W"},
		{"/endpoints", locales.Mark("nav.endpoints"), "plug", "E"},
		{ReconciliationPath, locales.Mark("nav.reconciliation"), "clipboard-check", "R"},
		{IncidentsPath, locales.Mark("nav.incidents"), "bell", "N"},
	}
	rescue = []navItem{
		{"/desk", locales.Mark("nav.desk"), "life-buoy", "Q"},
		{"/inbound", locales.Mark("nav.inbound"), "inbox", "H"},
	}
	accounts = []navItem{
		{"/gateways", locales.Mark("nav.gateways"), "wallet", "G"},
		{"/carriers", locales.Mark("nav.carriers"), "truck", "C"},
	}
	configure = []navItem{
		{"/merchants", locales.Mark("nav.merchants"), "store", "M"},
		{"/users", locales.Mark("nav.users"), "users", "U"},
		{MailsPath, locales.Mark("nav.mails"), "mail", "L"},
		{"/audit", locales.Mark("nav.audit"), "scroll-text", "A"},
		{OperationsPath, locales.Mark("nav.operations"), "activity", "T"},
	}
	reference = []navItem{
		{"/docs", locales.Mark("nav.docs"), "book-open", "I"},
	}
)

// work are the entries for everybody's work, and for that of staff.
func (s Shell) work() []navItem {
	if s.Role == "merchant" {
		return work
	}
	return slices.Concat(work, rescue)
}

// configuration are the entries for administrators, and those of them that
// support looks at.
func (s Shell) configuration() []navItem {
	switch s.Role {
	case "admin":
		return slices.Concat(accounts, configure)
	case "support":
		return accounts
	default:
		return nil
	}
}

func (s Shell) entries() []navItem { return slices.Concat(s.work(), s.configuration(), reference) }

// at tells whether an entry is the page or the list that the page belongs to.
func (s Shell) at(item navItem) bool {
	if item.Path == "/" {
		return s.Path == "/"
	}
	return under(s.Path, item.Path) || slices.ContainsFunc(branches[item.Path], func(path string) bool { return under(s.Path, path) })
}

// branches are the pages that belong to an entry although their paths do not say so.
var branches = map[string][]string{"/desk": {BulkPath}, "/payments": {"/refunds"}, "/deliveries": {ReplaysPath},
	IncidentsPath: {"/alerts"},
}

func under(path, parent string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }

func (s Shell) current(item navItem) string {
	switch {
	case s.Path == item.Path:
		return "page"
	case s.at(item):
		return "true"
	default:
		return "false"
	}
}

func zoneName(zone *time.Location) string {
	if zone == nil {
		return time.UTC.String()
	}
	return zone.String()
}
