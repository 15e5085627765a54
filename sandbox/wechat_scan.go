package sandbox

import (
	"net/http"
	"strings"
)

// wechatCode is the beginning of every code; the charge's id follows.
const wechatCode = "weixin://wxpay/bizpayurl?pr="

func codeURL(c charge) string { return wechatCode + c.ID }

// scanCode leads who would scan a code to the page where it is paid or refused.
func (s *Server) scanCode(w http.ResponseWriter, r *http.Request) {
	id, ok := s.scanned(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, "/v1/charges/"+id+"/action", http.StatusSeeOther)
}

// payCode is a customer's answer to a code, without the page.
func (s *Server) payCode(w http.ResponseWriter, r *http.Request) {
	id, ok := s.scanned(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	r.SetPathValue("id", id)
	s.completeCharge(w, r)
}

func (s *Server) scanned(r *http.Request) (id string, ok bool) {
	id, ok = strings.CutPrefix(r.URL.Query().Get("code_url"), wechatCode)
	if !ok {
		return "", false
	}
	c, err := s.bank.charge("", id)
	return id, err == nil && c.API == apiWeChat
}
