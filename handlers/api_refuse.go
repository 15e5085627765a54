package handlers

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// refuse answers a request before its operation runs.
func (a *shopAPI) refuse(ctx huma.Context, call *apiCall, err error) {
	p := a.failed(ctx.Context(), call, err)
	body, err := json.Marshal(p)
	if err != nil {
		ctx.SetStatus(http.StatusInternalServerError)
		return
	}
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, strings.Join(values, ", "))
	}
	ctx.SetHeader("Content-Type", contentProblem)
	ctx.SetStatus(p.Status)
	_, _ = ctx.BodyWriter().Write(body) // into fasthttp's buffer, which takes all
}

// failed makes the answer of an error and leaves what is internal for the log.
func (a *shopAPI) failed(ctx context.Context, call *apiCall, err error) *problem {
	p := a.problemOf(ctx, err)
	call.failure = p.cause
	return a.about(p, call.requestID)
}
