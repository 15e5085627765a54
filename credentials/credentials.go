// Package credentials turns what a form or the command line says of a payment
// or carrier account into a stored account with sealed secrets, and opens them
// again for the adapters.
package credentials

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

// Vault seals and opens accounts' secrets.
type Vault struct {
	keys *secret.Keys
}

// New makes a vault over a key set.
func New(keys *secret.Keys) *Vault { return &Vault{keys: keys} }

// maxValue bounds the length of a field.
const maxValue = 8 << 10

// Edit is what a form or the command line says of an account. An empty secret
// leaves the stored one, unless the address changes: a stored secret is not sent
// anywhere but where it was meant for.
type Edit struct {
	Name    string
	BaseURL string
	Values  map[string]string
	By      string // who edits, shown beside secrets
	At      time.Time
}

// Apply validates an edit and writes it into the account, whose ID, MerchantID
// and Kind are set already.
func (v *Vault) Apply(table Table, a *models.Account, e Edit) error {
	kind, ok := KindOf(table, a.Kind)
	if !ok {
		return models.Invalid("kind", "unknown_kind")
	}
	if strings.TrimSpace(e.Name) == "" {
		return models.Invalid("name", "required")
	}
	if err := checkBaseURL(e.BaseURL); err != nil {
		return err
	}
	for name := range e.Values {
		if _, known := kind.field(name); !known {
			return models.Invalid(name, "unknown_field")
		}
	}
	address := strings.TrimRight(e.BaseURL, "/")
	fields, sealed, hints := map[string]string{}, map[string]string{}, map[string]models.SecretHint{}
	for _, f := range kind.Fields {
		value := strings.TrimSpace(e.Values[f.Name])
		if len(value) > maxValue {
			return models.Invalid(f.Name, "too_long")
		}
		switch {
		case f.Secret && value == "" && a.Sealed[f.Name] != "" && address != a.BaseURL:
			return models.Invalid(f.Name, "secret_again")
		case f.Secret && value == "" && a.Sealed[f.Name] != "":
			sealed[f.Name], hints[f.Name] = a.Sealed[f.Name], a.Hints[f.Name]
		case value == "" && !f.Optional:
			return models.Invalid(f.Name, "required")
		case value == "":
		case f.Secret:
			text, err := v.keys.Seal(binding(table, a, f.Name), []byte(value))
			if err != nil {
				return fmt.Errorf("seal %s: %w", f.Name, err)
			}
			sealed[f.Name] = text
			hints[f.Name] = models.SecretHint{Last4: last4(value), SetBy: e.By, SetAt: e.At}
		default:
			fields[f.Name] = value
		}
	}
	a.Name, a.BaseURL = strings.TrimSpace(e.Name), address
	a.Fields, a.Sealed, a.Hints = fields, sealed, hints
	return nil
}

// Open returns all fields of an account with its secrets in clear.
func (v *Vault) Open(table Table, a *models.Account) (map[string]string, error) {
	out := make(map[string]string, len(a.Fields)+len(a.Sealed))
	maps.Copy(out, a.Fields)
	for name, sealed := range a.Sealed {
		plain, err := v.keys.Open(binding(table, a, name), sealed)
		if err != nil {
			return nil, fmt.Errorf("open %s of account %s: %w", name, a.ID, err)
		}
		out[name] = string(plain)
	}
	return out, nil
}

// SealEndpoint seals a webhook endpoint's signing secret.
func (v *Vault) SealEndpoint(merchantID, endpointID, text string) (string, error) {
	return v.keys.Seal(endpointBinding(merchantID, endpointID), []byte(text))
}

// OpenEndpoint opens a webhook endpoint's signing secret.
func (v *Vault) OpenEndpoint(merchantID, endpointID, sealed string) (string, error) {
	plain, err := v.keys.Open(endpointBinding(merchantID, endpointID), sealed)
	if err != nil {
		return "", fmt.Errorf("open secret of endpoint %s: %w", endpointID, err)
	}
	return string(plain), nil
}

// SealHeaders seals the custom headers of a webhook endpoint.
func (v *Vault) SealHeaders(merchantID, endpointID string, headers map[string]string) (string, error) {
	text, err := json.Marshal(headers)
	if err != nil {
		return "", fmt.Errorf("encode headers of endpoint %s: %w", endpointID, err)
	}
	return v.keys.Seal(headersBinding(merchantID, endpointID), text)
}

// OpenHeaders opens the custom headers of a webhook endpoint.
func (v *Vault) OpenHeaders(merchantID, endpointID, sealed string) (map[string]string, error) {
	if sealed == "" {
		return map[string]string{}, nil
	}
	plain, err := v.keys.Open(headersBinding(merchantID, endpointID), sealed)
	if err != nil {
		return nil, fmt.Errorf("open headers of endpoint %s: %w", endpointID, err)
	}
	var headers map[string]string
	if err := json.Unmarshal(plain, &headers); err != nil {
		return nil, fmt.Errorf("decode headers of endpoint %s: %w", endpointID, err)
	}
	return headers, nil
}

func binding(table Table, a *models.Account, field string) secret.Binding {
	return secret.Binding{Merchant: a.MerchantID, Table: string(table), Row: a.ID, Field: field}
}

func endpointBinding(merchantID, endpointID string) secret.Binding {
	return secret.Binding{Merchant: merchantID, Table: "webhook_endpoints", Row: endpointID, Field: "secret"}
}

func headersBinding(merchantID, endpointID string) secret.Binding {
	return secret.Binding{Merchant: merchantID, Table: "webhook_endpoints", Row: endpointID, Field: "headers"}
}

func checkBaseURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" {
		return models.Invalid("base_url", "bad_url")
	}
	return nil
}

// last4 is what may be shown of a secret; short ones show nothing.
func last4(value string) string {
	if len(value) < 12 {
		return ""
	}
	return value[len(value)-4:]
}
