package handlers

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/static"
)

// serveStatic sends a file of the static package. Fiber's own ways to serve
// files are not used: they can be led out of their folder (GO-2026-4950).
func serveStatic(c *fiber.Ctx) error {
	asset, current, ok := static.File(c.Params("hash"), c.Params("name"))
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentType, asset.ContentType)
	c.Set(fiber.HeaderCacheControl, static.CacheControl(current))
	return c.Send(asset.Body)
}
