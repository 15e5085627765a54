package sandbox

import (
	"net/http"
	"sync"
)

// maxSettings bounds the accounts with settings of their own.
const maxSettings = 10_000

// settings is what an account's owner sets in a provider's dashboard.
type settings struct {
	Account   string `json:"account"`
	URL       string `json:"url"`                  // where its webhooks go
	Secret    string `json:"secret"`               // what signs them, in formats that have such a secret
	PublicKey string `json:"public_key,omitempty"` // what proves its requests, in formats that sign them: PEM or bare base64
}

// accounts keeps the settings of accounts.
type accounts struct {
	journal *journal

	mu   sync.Mutex
	byID map[string]settings
}

func newAccounts(j *journal) *accounts {
	return &accounts{journal: j, byID: make(map[string]settings)}
}

// set stores an account's settings; it reports false when there is no room for another.
func (a *accounts) set(one settings) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.byID[one.Account]; !known && len(a.byID) >= maxSettings {
		return false
	}
	a.byID[one.Account] = one
	a.journal.write(entry{Settings: &one})
	return true
}

func (a *accounts) of(account string) (settings, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one, ok := a.byID[account]
	return one, ok
}

func (a *accounts) snapshot() []settings {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]settings, 0, len(a.byID))
	for _, one := range a.byID {
		all = append(all, one)
	}
	return all
}

// putSettings makes an account's settings, for any format: the account is named
// by what it shows with its requests, as its key, client id or app id.
func (s *Server) putSettings(w http.ResponseWriter, r *http.Request) {
	var in struct {
		API        string `json:"api"`
		Credential string `json:"credential"`
		URL        string `json:"url"`
		Secret     string `json:"secret"`
		PublicKey  string `json:"public_key"`
	}
	if fault := readJSON(w, r, &in); fault != "" {
		writeReply(w, badRequest("parameter_invalid", fault))
		return
	}
	f, known := formatByName(in.API)
	switch {
	case !known:
		writeReply(w, badRequest("parameter_invalid", "api is the name of a payment format that the sandbox speaks"))
	case in.Credential == "":
		writeReply(w, badRequest("parameter_missing", "credential is what the account shows with its requests"))
	case !isWebURL(in.URL):
		writeReply(w, badRequest("parameter_invalid", "url must be an http or https address"))
	case !s.accounts.set(settings{Account: f.account(in.Credential), URL: in.URL, Secret: in.Secret, PublicKey: in.PublicKey}):
		writeReply(w, badRequest("too_many_accounts", "no room for another account"))
	default:
		writeJSON(w, http.StatusOK, map[string]string{"object": "settings", "account": f.account(in.Credential)})
	}
}
