package handlers

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// problem is an error as RFC 9457 writes it.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
}

// writeProblem answers a program with an error that arose outside of the API's
// operations: an unknown path, a body too large, an internal error.
func (s *server) writeProblem(c *fiber.Ctx, f failure) error {
	p := problem{
		Type: "about:blank", Title: http.StatusText(f.status), Status: f.status,
		Code: strings.ReplaceAll(strings.ToLower(http.StatusText(f.status)), " ", "_"), RequestID: requestID(c),
	}
	if f.domain != nil {
		p.Code = f.domain.Code
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(f.status).Send(body)
}
