package handlers

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/tillpost/tillpost/settlement"
	"github.com/tillpost/tillpost/views"
)

// Limits of an upload. Files above some MB wait on disk, not in memory.
const (
	maxUpload  = settlement.MaxSize + 1<<20 // with the form around the file
	uploadTime = 10 * time.Minute
)

// isUpload says whether a request brings a settlement file.
func isUpload(method, path string) bool {
	return method == fiber.MethodPost && path == views.ReconciliationPath
}

// uploadLimits lets staff who are signed in send more than others, for longer:
// this is decided before the body is read.
func (s *server) uploadLimits(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if !isUpload(string(header.Method()), string(header.RequestURI())) || !s.isStaff(string(header.Cookie(s.sessions.name))) {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{ReadTimeout: uploadTime, MaxRequestBodySize: maxUpload}
}

func (s *server) isStaff(cookie string) bool {
	if cookie == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(s.base, 5*time.Second)
	defer cancel()
	row, err := s.DB.Session(ctx, hashID(cookie))
	if err != nil { // nobody's, or the database is away: no more than others
		return false
	}
	user, err := s.DB.User(ctx, row.UserID)
	return err == nil && user.DisabledAt == nil && staff.allows(user.Role)
}
