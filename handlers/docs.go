package handlers

import "github.com/gofiber/fiber/v2"

// mountDocs serves the API's description and the page of it.
func (a *shopAPI) mountDocs(app *fiber.App) {
	_ = a.serveSpec(app)
}
