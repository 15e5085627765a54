package handlers

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// An answer is written after its handler has returned, when other requests
// render already: one page must not end up in another person's answer.
func TestRenderedPageIsNotOverwrittenByTheNext(t *testing.T) {
	t.Parallel()
	app, s := fiber.New(), &server{}
	render := func(letter string) *fasthttp.RequestCtx {
		request := &fasthttp.RequestCtx{}
		c := app.AcquireCtx(request)
		defer app.ReleaseCtx(c)
		page := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, strings.Repeat(letter, 4096))
			return err
		})
		if err := s.render(c, fiber.StatusOK, page); err != nil {
			t.Fatal(err)
		}
		return request
	}
	answers := map[string]*fasthttp.RequestCtx{}
	for _, letter := range []string{"a", "b", "c", "d"} {
		answers[letter] = render(letter)
	}
	for letter, request := range answers {
		if body := string(request.Response.Body()); body != strings.Repeat(letter, 4096) {
			t.Errorf("the page of %ss became %.8s…", letter, body)
		}
	}
}
