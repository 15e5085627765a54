package models

import (
	"context"
	"sync/atomic"
)

type queryCountKey struct{}

// CountQueries returns a context in which every statement that is sent to the
// database adds to n, so that tests, also those of pages in handlers, can hold a
// page to a number of them. Nothing else calls it: where statements are sent is
// no place that a test could reach from outside.
func CountQueries(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, queryCountKey{}, n)
}

func countQuery(ctx context.Context) {
	if n, ok := ctx.Value(queryCountKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
