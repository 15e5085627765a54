package monitor_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/monitor"
)

// Lines say what they are of, under groups and attributes of their own too.
func TestLogHandlerNamesTheOrigin(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(monitor.LogHandler(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: monitor.Escape})))
	line := func(ctx context.Context, log *slog.Logger) string {
		out.Reset()
		log.InfoContext(ctx, "done")
		return out.String()
	}
	job := monitor.WithJob(t.Context(), 42, "payment.charge", "req_1")
	for name, test := range map[string]struct {
		got         string
		want, never []string
	}{
		"a request":          {line(monitor.WithRequest(t.Context(), "req_1"), log), []string{`"request_id":"req_1"`}, []string{`"job"`, "trace_id"}},
		"a job of a request": {line(job, log), []string{`"request_id":"req_1"`, `"job":42`, `"kind":"payment.charge"`}, nil},
		"neither":            {line(t.Context(), log), []string{`"msg":"done"`}, []string{"request_id", "job", "trace_id"}},
		"with attributes":    {line(job, log.With("a", 1)), []string{`"a":1`, `"job":42`}, nil},
	} {
		for _, want := range test.want {
			if !strings.Contains(test.got, want) {
				t.Errorf("%s: %s lacks %s", name, test.got, want)
			}
		}
		for _, never := range test.never {
			if strings.Contains(test.got, never) {
				t.Errorf("%s: %s has %s", name, test.got, never)
			}
		}
	}
}

// Nothing that strangers say breaks a line, moves the cursor or turns text around.
func TestControlCharactersAreEscaped(t *testing.T) {
	t.Parallel()
	const hostile = "a\nlevel=ERROR msg=forged \x1b[31m \u009b31m \x7f \u202e txt \u200f \r"
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(out *bytes.Buffer) slog.Handler {
			return slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: monitor.Escape})
		},
		"json": func(out *bytes.Buffer) slog.Handler {
			return slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: monitor.Escape})
		},
	} {
		var out bytes.Buffer
		slog.New(monitor.LogHandler(handler(&out))).With("with", hostile).Warn(hostile, "text", hostile, "error", errors.New(hostile), "any", []string{hostile})
		if strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: more than a line: %q", name, out.String())
		}
		for _, c := range strings.TrimSuffix(out.String(), "\n") {
			if c < ' ' || c >= 0x7f && c < 0xa0 {
				t.Errorf("%s: %q in %q", name, c, out.String())
			}
		}
		if first, _, _ := strings.Cut(out.String(), "any"); strings.ContainsAny(first, "\u202e\u200f") {
			t.Errorf("%s: text is turned around: %q", name, first)
		}
	}
}
