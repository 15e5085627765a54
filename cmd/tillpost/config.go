package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/secret"
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
	Log               string `env:"TILLPOST_LOG" envDefault:"info"`

	allowNets []netip.Prefix
	proxies   []string
}

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
		{"TILLPOST_METRICS_ADDR", "metrics-addr", "separate listener for /metrics", &c.MetricsAddr},
		{"TILLPOST_TRUSTED_PROXIES", "trusted-proxies", "proxies whose X-Forwarded-For counts, as 10.0.0.0/8,…", &c.TrustedProxies},
		{"TILLPOST_LOG", "log", "level and format: info, debug,json …", &c.Log},
	}
}

// bindConfig reads the environment and adds the flags, which win.
func bindConfig(cmd *cobra.Command) *Config {
	c := fromEnvironment()
	for _, o := range c.options() {
		cmd.Flags().StringVar(o.value, o.flag, *o.value, o.usage+" ($"+o.env+")")
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

// complete checks all values and fills in what follows from others.
func (c *Config) complete() error {
	if c.Data == "" {
		folder, err := dataFolder()
		if err != nil {
			return fmt.Errorf("TILLPOST_DATA is not set and there is no user data folder: %w", err)
		}
		c.Data = folder
	}
	if c.DatabaseURL == "" {
		c.DatabaseURL = "sqlite://" + filepath.Join(c.Data, "tillpost.db")
	}
	if err := c.checkDatabase(); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return wrong("TILLPOST_ADDR", c.Addr, "HOST:PORT, as 127.0.0.1:8080")
	}
	if c.MetricsAddr != "" {
		if _, _, err := net.SplitHostPort(c.MetricsAddr); err != nil {
			return wrong("TILLPOST_METRICS_ADDR", c.MetricsAddr, "HOST:PORT, as 127.0.0.1:9090")
		}
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://" + c.Addr
	}
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return wrong("TILLPOST_BASE_URL", c.BaseURL, "a URL that starts with https:// or http://")
	}
	for _, text := range list(c.AllowNets) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return wrong("TILLPOST_ALLOW_NETS", text, "networks as 10.0.0.0/8, separated by commas")
		}
		c.allowNets = append(c.allowNets, prefix)
	}
	for _, text := range list(c.TrustedProxies) {
		_, errPrefix := netip.ParsePrefix(text)
		_, errAddr := netip.ParseAddr(text)
		if errPrefix != nil && errAddr != nil {
			return wrong("TILLPOST_TRUSTED_PROXIES", text, "addresses or networks, separated by commas")
		}
		c.proxies = append(c.proxies, text)
	}
	_, err := c.logger()
	return err
}

// checkDatabase never repeats the value, which may hold a password.
func (c *Config) checkDatabase() error {
	const accepted = "sqlite://PATH or postgres://USER@HOST/DATABASE"
	scheme, rest, found := strings.Cut(c.DatabaseURL, "://")
	if !found || rest == "" || (scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql") {
		return wrong("TILLPOST_DATABASE_URL", hideAfter(scheme, found), accepted)
	}
	return nil
}

func hideAfter(scheme string, found bool) string {
	if found {
		return scheme + "://…"
	}
	return "(not shown)"
}

// embedded says whether the database is a file of this machine, which one node
// serves and commands open beside it.
func (c *Config) embedded() bool { return strings.HasPrefix(c.DatabaseURL, "sqlite://") }

// keys loads the key set of stored credentials: from the environment, a named
// file, or a file in the data folder that is made on first start.
func (c *Config) keys() (*secret.Keys, error) {
	switch {
	case c.EncryptionKey != "":
		keys, err := secret.Parse(c.EncryptionKey)
		if err != nil {
			return nil, fmt.Errorf("TILLPOST_ENCRYPTION_KEY: %w", err)
		}
		return keys, nil
	case c.EncryptionKeyFile != "":
		keys, err := secret.ReadFile(c.EncryptionKeyFile)
		if err != nil {
			return nil, fmt.Errorf("TILLPOST_ENCRYPTION_KEY_FILE: %w", err)
		}
		return keys, nil
	default:
		if err := c.makeDataFolder(); err != nil {
			return nil, err
		}
		keys, _, err := secret.ReadOrCreateFile(filepath.Join(c.Data, "tillpost.key"))
		if err != nil {
			return nil, fmt.Errorf("encryption key: %w", err)
		}
		return keys, nil
	}
}

// makeDataFolder makes the data folder where it is needed.
func (c *Config) makeDataFolder() error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("TILLPOST_DATA %s cannot be made: %w", c.Data, errors.Unwrap(err))
	}
	probe, err := os.CreateTemp(c.Data, ".writable-*")
	if err != nil {
		return fmt.Errorf("TILLPOST_DATA %s is not writable: choose a folder that this user may write to", c.Data)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// wrong names a variable with a wrong value and what is accepted.
func wrong(variable, value, accepted string) error {
	return usageError{fmt.Errorf("%s=%q is wrong: want %s", variable, value, accepted)}
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
