package models

import (
	"context"
	"sync/atomic"
)

type queryCountKey struct{}

// CountQueries returns a context in which every statement that is sent to the
// database adds to n, so that tests can hold a page to a number of them.
func CountQueries(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, queryCountKey{}, n)
}

func countQuery(ctx context.Context) {
	if n, ok := ctx.Value(queryCountKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
