package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

// Config is what the environment, and the flags of serve and work, say. Nothing
// else reads the environment.
type Config struct {
	DatabaseURL       string `env:"TILLPOST_DATABASE_URL"`
	Data              string `env:"TILLPOST_DATA"`
	Addr              string `env:"TILLPOST_ADDR" envDefault:"127.0.0.1:8080"`
	BaseURL           string `env:"TILLPOST_BASE_URL"`
	EncryptionKey     string `env:"TILLPOST_ENCRYPTION_KEY"`
	EncryptionKeyFile string `env:"TILLPOST_ENCRYPTION_KEY_FILE"`
	AllowNets         string `env:"TILLPOST_ALLOW_NETS"`
	MetricsAddr       string `env:"TILLPOST_METRICS_ADDR"`
	TrustedProxies    string `env:"TILLPOST_TRUSTED_PROXIES"`
	SMTPURL           string `env:"TILLPOST_SMTP_URL"`
	AlertURLs         string `env:"TILLPOST_ALERT_URLS"`
	HeartbeatURL      string `env:"TILLPOST_HEARTBEAT_URL"`
	Log               string `env:"TILLPOST_LOG" envDefault:"info"`
	BackupPath        string `env:"TILLPOST_BACKUP_PATH"`
	KeepDeliveries    string `env:"TILLPOST_KEEP_DELIVERIES" envDefault:"30"`
	Traces            tracesConfig

	allowNets []netip.Prefix
	keepDays  int // of KeepDeliveries
	proxies   []string
	smtp      *mail.Server // nil: no mails are sent
	channels  []alerts.Configured
	ownURL    bool           // BaseURL follows from Addr
	flags     *pflag.FlagSet // those that say values; nil without
	logTo     io.Writer      // nil: the standard error
}

const sqliteScheme = "sqlite://"

// option ties a variable to its flag.
type option struct {
	env, flag, usage string
	value            *string
}

func (c *Config) options() []option {
	return []option{
		{"TILLPOST_DATABASE_URL", "database-url", "sqlite://PATH or postgres://…", &c.DatabaseURL},
		{"TILLPOST_DATA", "data", "folder of the embedded database and the key file", &c.Data},
		{"TILLPOST_ADDR", "addr", "listen address", &c.Addr},
		{"TILLPOST_BASE_URL", "base-url", "public URL, for links, cookies and callbacks", &c.BaseURL},
		{"TILLPOST_ENCRYPTION_KEY_FILE", "encryption-key-file", "file with the key set for stored credentials", &c.EncryptionKeyFile},
		{"TILLPOST_ALLOW_NETS", "allow-nets", "private networks that merchant-given URLs may reach, as 10.0.0.0/8,…", &c.AllowNets},
		{"TILLPOST_METRICS_ADDR", "metrics-addr", "separate listener for /metrics, /healthz and /readyz", &c.MetricsAddr},
		{"TILLPOST_TRUSTED_PROXIES", "trusted-proxies", "proxies whose X-Forwarded-For counts, as 10.0.0.0/8,…", &c.TrustedProxies},
		{"TILLPOST_SMTP_URL", smtpFlag, "mail server, as smtp://USER:PASSWORD@HOST:587?from=ADDRESS", &c.SMTPURL},
		{"TILLPOST_ALERT_URLS", alertsFlag, "where alerts go: mailto:ADDRESS, https://hooks.slack.com/…, …, separated by commas", &c.AlertURLs},
		{"TILLPOST_HEARTBEAT_URL", heartbeatFlag, "address that is asked every minute while all is alive", &c.HeartbeatURL},
		{"TILLPOST_BACKUP_PATH", "backup-path", "backup, or folder of backups, whose age is watched", &c.BackupPath},
		{"TILLPOST_KEEP_DELIVERIES", "keep-deliveries", "days for which it is kept what webhooks sent and were answered, 1 to 90", &c.KeepDeliveries},
		{"TILLPOST_LOG", "log", "level and format: info, debug,json …", &c.Log},
	}
}

// bindConfig reads the environment and adds the flags, which win, but for those
// that mean nothing to the command.
func bindConfig(cmd *cobra.Command, without ...string) *Config {
	c := fromEnvironment()
	c.flags = cmd.Flags()
	for _, o := range c.options() {
		if !slices.Contains(without, o.flag) {
			cmd.Flags().StringVar(o.value, o.flag, *o.value, o.usage+" ($"+o.env+")")
		}
		if f := cmd.Flags().Lookup(o.flag); f != nil && slices.Contains(secretFlags, o.flag) {
			f.DefValue = "" // help would print the password
		}
	}
	return c
}

// fromEnvironment reads the environment; complete checks it.
func fromEnvironment() *Config {
	c, err := env.ParseAs[Config]()
	if err != nil {
		panic(err) // only strings are read, which cannot fail to parse
	}
	return &c
}

// name is how the user said a value: the flag, or the variable.
func (c *Config) name(variable string) string {
	for _, o := range c.options() {
		if o.env == variable && c.flags != nil && c.flags.Changed(o.flag) {
			return "--" + o.flag
		}
	}
	return variable
}

// complete fills in what follows from others and reports the first wrong value.
func (c *Config) complete() error {
	if problems := c.problems(); len(problems) > 0 {
		return problems[0]
	}
	return nil
}

// problems checks all values and fills in what follows from others.
func (c *Config) problems() []error {
	problems := c.place()
	check := func(fine bool, variable, value, accepted string) {
		if !fine {
			problems = append(problems, c.wrong(variable, value, accepted))
		}
	}
	if c.EncryptionKey != "" && c.EncryptionKeyFile != "" {
		problems = append(problems, usageError{fmt.Errorf("TILLPOST_ENCRYPTION_KEY and %s are both set: leave one out",
			c.name("TILLPOST_ENCRYPTION_KEY_FILE"))})
	}
	check(isAddress(c.Addr), "TILLPOST_ADDR", c.Addr, "HOST:PORT, as 127.0.0.1:8080")
	check(c.MetricsAddr == "" || isAddress(c.MetricsAddr), "TILLPOST_METRICS_ADDR", c.MetricsAddr, "HOST:PORT, as 127.0.0.1:9090")
	days, err := strconv.Atoi(cmp.Or(c.KeepDeliveries, "30"))
	check(err == nil && days >= 1 && days <= models.KeepEventDays, "TILLPOST_KEEP_DELIVERIES", c.KeepDeliveries, "days from 1 to 90")
	c.keepDays = days
	if c.BaseURL == "" {
		c.ownURL, c.BaseURL = true, addressURL(c.Addr)
	}
	u, err := url.Parse(c.BaseURL)
	check(c.ownURL || (err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")),
		"TILLPOST_BASE_URL", c.BaseURL, "a URL that starts with https:// or http://")
	c.allowNets, c.proxies = nil, nil
	for _, text := range list(c.AllowNets) {
		prefix, err := netip.ParsePrefix(text)
		check(err == nil, "TILLPOST_ALLOW_NETS", text, "networks as 10.0.0.0/8, separated by commas")
		c.allowNets = append(c.allowNets, prefix)
	}
	for _, text := range list(c.TrustedProxies) {
		_, errPrefix := netip.ParsePrefix(text)
		_, errAddr := netip.ParseAddr(text)
		check(errPrefix == nil || errAddr == nil, "TILLPOST_TRUSTED_PROXIES", text, "addresses or networks, separated by commas")
		c.proxies = append(c.proxies, text)
	}
	if err := c.mailServer(); err != nil {
		problems = append(problems, err)
	}
	if err := c.alertChannels(); err != nil {
		problems = append(problems, err)
	}
	if _, err := c.logger(); err != nil {
		problems = append(problems, err)
	}
	return append(problems, c.checkTraces()...)
}

// Flags whose values hold passwords or are secrets as a whole.
const (
	smtpFlag      = "smtp-url"
	alertsFlag    = "alert-urls"
	heartbeatFlag = "heartbeat-url"
)

var secretFlags = []string{smtpFlag, alertsFlag, heartbeatFlag}

// alertChannels reads where alerts go; the addresses are never repeated.
func (c *Config) alertChannels() error {
	var err error
	if c.channels, err = alerts.ParseChannels(c.AlertURLs); err != nil {
		return usageError{fmt.Errorf("%s is wrong: %w", c.name("TILLPOST_ALERT_URLS"), err)}
	}
	if c.HeartbeatURL == "" {
		return nil
	}
	if err := safehttp.CheckURL(c.HeartbeatURL, safehttp.Options{}); err != nil {
		return usageError{fmt.Errorf("%s is wrong: the %w", c.name("TILLPOST_HEARTBEAT_URL"), err)}
	}
	return nil
}

// mailServer reads the mail server's address, which is never repeated: it holds
// a password.
func (c *Config) mailServer() error {
	c.smtp = nil
	if c.SMTPURL == "" {
		return nil
	}
	server, err := mail.ParseURL(c.SMTPURL)
	if err != nil {
		return usageError{fmt.Errorf("%s is wrong: %w; want smtp://USER:PASSWORD@HOST:587?from=ADDRESS or smtps://…",
			c.name("TILLPOST_SMTP_URL"), err)}
	}
	c.smtp = &server
	return nil
}

// checkLinks refuses a node that sends mails and does not know where the links
// in them lead: a mail that cannot be stopped must not be sent.
func (c *Config) checkLinks() error {
	if c.smtp == nil || !c.ownURL {
		return nil
	}
	return usageError{errors.New("TILLPOST_SMTP_URL needs TILLPOST_BASE_URL on a node without web: mails hold links")}
}

// pagesURL is where customers reach the pages of their parcels; empty on a node
// that serves none and was not told.
func (c *Config) pagesURL(web bool) string {
	if !web && c.ownURL {
		return ""
	}
	return strings.TrimRight(c.BaseURL, "/")
}

// publicURL is where others reach this program, as providers with webhooks;
// empty when only this machine does.
func (c *Config) publicURL() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return ""
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if ip, err := netip.ParseAddr(host); err == nil && (ip.Unmap().IsLoopback() || ip.IsUnspecified()) {
		return ""
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return ""
	}
	return strings.TrimRight(c.BaseURL, "/")
}

// place finds the data folder and the database.
func (c *Config) place() []error {
	if c.Data == "" {
		folder, err := dataFolder()
		if err != nil {
			return []error{fmt.Errorf("TILLPOST_DATA is not set and there is no user data folder: %w", err)}
		}
		c.Data = folder
	}
	if c.DatabaseURL == "" {
		c.DatabaseURL = sqliteScheme + filepath.Join(c.Data, "tillpost.db")
	}
	// The value is never repeated: it may hold a password.
	scheme, rest, found := strings.Cut(c.DatabaseURL, "://")
	if !found || rest == "" || (scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql") {
		return []error{c.wrong("TILLPOST_DATABASE_URL", hideAfter(scheme, found), "sqlite://PATH or postgres://USER@HOST/DATABASE")}
	}
	return nil
}

func hideAfter(scheme string, found bool) string {
	if found {
		return scheme + "://…"
	}
	return "(not shown)"
}

// isAddress says whether a text is HOST:PORT.
func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// addressURL is the URL under which this machine reaches a listen address.
func addressURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// listening takes the address that was really opened, whose port the system may
// have chosen.
func (c *Config) listening(at net.Addr) {
	host, _, errAddr := net.SplitHostPort(c.Addr)
	_, port, errAt := net.SplitHostPort(at.String())
	if errAddr != nil || errAt != nil {
		return
	}
	c.Addr = net.JoinHostPort(host, port)
	if c.ownURL {
		c.BaseURL = addressURL(c.Addr)
	}
}

// embedded says whether the database is a file of this machine, which one node
// serves and commands open beside it.
func (c *Config) embedded() bool { return strings.HasPrefix(c.DatabaseURL, sqliteScheme) }

// databaseFile is the embedded database.
func (c *Config) databaseFile() string { return strings.TrimPrefix(c.DatabaseURL, sqliteScheme) }

// watchedFolder is on the disk that must not fill up: that of the embedded
// database, else that of the data folder, which may not be needed.
func (c *Config) watchedFolder() string {
	if c.embedded() {
		return filepath.Dir(c.databaseFile())
	}
	if _, err := os.Stat(c.Data); err == nil {
		return c.Data
	}
	return "."
}

// makeDataFolder makes the data folder where it is needed.
func (c *Config) makeDataFolder() error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("%s %s cannot be made: %w", c.name("TILLPOST_DATA"), c.Data, errors.Unwrap(err))
	}
	probe, err := os.CreateTemp(c.Data, ".writable-*")
	if err != nil {
		return fmt.Errorf("%s %s is not writable: choose a folder that this user may write to", c.name("TILLPOST_DATA"), c.Data)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// wrong names a variable, or its flag, with a wrong value and what is accepted.
func (c *Config) wrong(variable, value, accepted string) error {
	return usageError{fmt.Errorf("%s=%q is wrong: want %s", c.name(variable), value, accepted)}
}

func list(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// dataFolder is where programs of this platform keep a user's data.
func dataFolder() (string, error) {
	if runtime.GOOS == "linux" {
		if xdg := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(xdg) {
			return filepath.Join(xdg, "tillpost"), nil
		}
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		return filepath.Join(home, ".local", "share", "tillpost"), nil
	}
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, "tillpost"), nil
}

// version is the module's version or the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}
