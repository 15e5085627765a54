package notify

import (
	"net/textproto"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/models"
)

// Bounds of an endpoint's custom headers.
const (
	maxHeaders    = 20
	maxHeaderName = 100
	maxHeaderSize = 4 << 10 // of all names and values
)

// reservedHeaders are Tillpost's own, those of the connection, and those that
// would change how the body is read. Names with a prefix of reservedPrefixes are too.
var (
	reservedHeaders = []string{
		"Accept-Encoding", "Connection", "Expect", "Host", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
	}
	reservedPrefixes = []string{"Content-", "Proxy-", "Webhook-"}
)

// sealHeaders checks custom headers and seals them as one. Where a value is
// empty, the one that is stored under that name stays.
func (s *Service) sealHeaders(merchantID, id string, headers, stored map[string]string) (models.SealedHeaders, error) {
	clean, err := checkHeaders(headers, stored)
	if err != nil || len(clean) == 0 {
		return models.SealedHeaders{Names: []string{}}, err
	}
	sealed, err := s.vault.SealHeaders(merchantID, id, clean)
	if err != nil {
		return models.SealedHeaders{}, err
	}
	names := make([]string, 0, len(clean))
	for name := range clean {
		names = append(names, name)
	}
	slices.Sort(names)
	return models.SealedHeaders{Names: names, Sealed: sealed}, nil
}

// checkHeaders returns the headers under their canonical names.
func checkHeaders(headers, stored map[string]string) (map[string]string, error) {
	if len(headers) > maxHeaders {
		return nil, models.Invalid("headers", "too_many_headers")
	}
	size, clean := 0, make(map[string]string, len(headers))
	for given, value := range headers {
		if !isToken(given) || len(given) > maxHeaderName {
			return nil, models.Invalid("headers", "header_name")
		}
		name := textproto.CanonicalMIMEHeaderKey(given)
		field := "headers." + name
		if _, twice := clean[name]; twice {
			return nil, models.Invalid(field, "header_twice")
		}
		if isReserved(name) {
			return nil, models.Invalid(field, "header_reserved")
		}
		value = strings.Trim(value, " \t")
		if value == "" {
			if value = stored[name]; value == "" {
				return nil, models.Invalid(field, "required")
			}
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, models.Invalid(field, "header_value")
		}
		size += len(name) + len(value)
		clean[name] = value
	}
	if size > maxHeaderSize {
		return nil, models.Invalid("headers", "headers_too_long")
	}
	return clean, nil
}

func isReserved(name string) bool {
	return slices.Contains(reservedHeaders, name) ||
		slices.ContainsFunc(reservedPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// isToken says whether a text can be a header's name.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return false
		default:
			return !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
		}
	})
}
