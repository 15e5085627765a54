package main

import (
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/tillpost/tillpost/monitor"
)

// logger makes the program's log as TILLPOST_LOG says: a level, a format
// (text or json), or both with a comma. Without a format it is text on a
// terminal and JSON otherwise.
func (c *Config) logger() (*slog.Logger, error) {
	var level slog.Level
	format := "json"
	if term.IsTerminal(int(os.Stderr.Fd())) {
		format = "text"
	}
	for _, part := range list(c.Log) {
		switch part = strings.ToLower(part); part {
		case "text", "json":
			format = part
		default:
			if err := level.UnmarshalText([]byte(part)); err != nil {
				return nil, c.wrong("TILLPOST_LOG", c.Log, "debug, info, warn or error, and text or json, separated by a comma")
			}
		}
	}
	to := c.logTo
	if to == nil {
		to = os.Stderr
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: monitor.Escape}
	if format == "text" {
		return slog.New(monitor.LogHandler(slog.NewTextHandler(to, options))), nil
	}
	return slog.New(monitor.LogHandler(slog.NewJSONHandler(to, options))), nil
}
