package models

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gorm.io/gorm"
)

// cleanPool passes on statements with their arguments in the one form that both
// databases store and compare alike. Everything that GORM sends passes here.
type cleanPool struct{ gorm.ConnPool }

func (p cleanPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	countQuery(ctx)
	return p.ConnPool.ExecContext(ctx, query, cleanArgs(args)...)
}

func (p cleanPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	countQuery(ctx)
	return p.ConnPool.QueryContext(ctx, query, cleanArgs(args)...)
}

func (p cleanPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	countQuery(ctx)
	return p.ConnPool.QueryRowContext(ctx, query, cleanArgs(args)...)
}

func cleanArgs(args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			out[i] = cleanText(v)
		case *string:
			out[i] = v
			if v != nil {
				out[i] = cleanText(*v)
			}
		case time.Time:
			out[i] = cleanTime(v)
		case *time.Time:
			out[i] = v
			if v != nil {
				out[i] = cleanTime(*v)
			}
		default:
			out[i] = arg
		}
	}
	return out
}

// cleanText replaces what PostgreSQL refuses in a text and SQLite cuts it off
// at: NUL and bytes that are not UTF-8. Texts come from carriers and providers
// too, whose answers must be kept whatever they hold.
func cleanText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// cleanTime is UTC, which SQLite's comparison of texts needs, in microseconds,
// to which PostgreSQL would round.
func cleanTime(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
