package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"unicode"

	"go.opentelemetry.io/otel/trace"
)

// LogHandler adds to each line of which request, job and trace it is, as far as
// its context says.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	o := originOf(ctx)
	if o.request != "" {
		r.AddAttrs(slog.String("request_id", o.request))
	}
	if o.job != 0 {
		r.AddAttrs(slog.Int64("job", o.job), slog.String("kind", o.kind))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r) //nolint:wrapcheck // a handler around another is one itself
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }

// Escape is a ReplaceAttr for slog's handlers: it makes visible what could move
// a terminal's cursor or turn the direction of its text around. Those handlers
// escape themselves what would break a line.
func Escape(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(visible(v))
	case error:
		a.Value = slog.StringValue(visible(v.Error()))
	case []string:
		shown := make([]string, len(v))
		for i := range v {
			shown[i] = visible(v[i])
		}
		a.Value = slog.AnyValue(shown)
	default:
		if text := reflect.ValueOf(v); text.Kind() == reflect.String {
			a.Value = slog.StringValue(visible(text.String()))
		}
	}
	return a
}

// visible writes controls as their code points, but for those that slog's
// handlers know.
func visible(text string) string {
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }
