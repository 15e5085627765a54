package handlers

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"
)

func TestHTTPSIsAskedForWhereThereIsHTTPS(t *testing.T) {
	t.Parallel()
	for baseURL, want := range map[string]string{
		"https://shop.example.com": "max-age=31536000",
		"http://127.0.0.1:8080":    "",
	} {
		app := fiber.New()
		app.Use((&server{Deps: Deps{BaseURL: baseURL}}).secureHeaders)
		app.Get("/", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusNoContent) })
		res, err := app.Test(httptest.NewRequest(fiber.MethodGet, "/", http.NoBody))
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if got := res.Header.Get(fiber.HeaderStrictTransportSecurity); got != want {
			t.Errorf("%s sends Strict-Transport-Security %q, want %q", baseURL, got, want)
		}
	}
}
