package handlers

import (
	"bytes"
	"compress/gzip"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/static"
)

// zipped keeps the compressed forms of files: each is made once.
type zipped struct {
	mu    sync.Mutex
	files map[string][]byte
}

// of is the file compressed; nil when that does not make it smaller.
func (z *zipped) of(asset static.Asset) []byte {
	z.mu.Lock()
	defer z.mu.Unlock()
	if body, made := z.files[asset.Name]; made {
		return body
	}
	body := compressed(asset)
	z.files[asset.Name] = body
	return body
}

func compressed(asset static.Asset) []byte {
	if strings.HasPrefix(asset.ContentType, "font/") { // compressed already
		return nil
	}
	var buffer bytes.Buffer
	writer, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := writer.Write(asset.Body); err != nil {
		return nil
	}
	if err := writer.Close(); err != nil || buffer.Len() >= len(asset.Body) {
		return nil
	}
	return buffer.Bytes()
}

// serveStatic sends a file of the static package. Fiber's own ways to serve
// files are not used: they can be led out of their folder (GO-2026-4950).
func (s *server) serveStatic(c *fiber.Ctx) error {
	asset, current, ok := static.File(c.Params("hash"), c.Params("name"))
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentType, asset.ContentType)
	c.Set(fiber.HeaderCacheControl, static.CacheControl(current))
	c.Vary(fiber.HeaderAcceptEncoding)
	if body := s.zipped.of(asset); body != nil && c.AcceptsEncodings("gzip") == "gzip" {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(body)
	}
	return c.Send(asset.Body)
}
