package sandbox

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"money": money, "amounts": Amounts}).ParseFS(pageFiles, "pages/*.html"))

// actionPage is where a customer confirms or refuses a payment.
func (s *Server) actionPage(w http.ResponseWriter, r *http.Request) {
	c, err := s.bank.charge("", r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	s.page(w, "action.html", c)
}

// completeCharge is the customer's answer, from the page's form or as JSON.
func (s *Server) completeCharge(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeReply(w, badRequest("parameter_invalid", err.Error()))
		return
	}
	var in struct {
		Result string `json:"result"`
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	isForm := err == nil && mediaType == "application/x-www-form-urlencoded"
	if isForm {
		form, parseErr := url.ParseQuery(string(body))
		in.Result, err = form.Get("result"), parseErr
	} else {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || in.Result != "succeeded" && in.Result != "failed" {
		writeReply(w, badRequest("parameter_invalid", "result must be succeeded or failed"))
		return
	}
	c, err := s.bank.complete(r.PathValue("id"), in.Result == "succeeded")
	switch {
	case !isForm && err != nil:
		writeReply(w, nativeError(err, c, origin(r)))
	case !isForm:
		writeJSON(w, http.StatusOK, nativeView(c, origin(r)))
	case errors.Is(err, errNotFound):
		http.NotFound(w, r)
	case c.ReturnURL != "":
		http.Redirect(w, r, c.ReturnURL, http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/v1/charges/"+c.ID+"/action", http.StatusSeeOther)
	}
}

func (s *Server) page(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "no-store")
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		s.opts.Logger.Warn("sandbox page not rendered", "page", name, "error", err)
	}
}
