package carriers

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const masked = "***"

// secretNames are the names under which carriers are sent proofs and send them.
const secretNames = `(?:(?:access|refresh|id|auth|api|session|security|x[_-]?api)[_-]?)?token|(?:x[_-]?)?api[_-]?key|key|` +
	`client[_-]?secret|secret(?:[_-]?key)?|password|passwd|pwd|checkword|authorization|msgdigest|signature|sign`

var (
	secretHeader = regexp.MustCompile(`(?i)authorization|cookie|key|token|secret|password|signature`)
	secretJSON   = regexp.MustCompile(`(?i)("(?:` + secretNames + `)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s,}\]"{\[]+)`)
	secretPair   = regexp.MustCompile(`(?i)((?:^|[?&;])(?:` + secretNames + `)=)[^&;\s]*`)
	secretXML    = regexp.MustCompile(`(?i)(<(?:\w+:)?(?:` + secretNames + `)(?:\s[^>]*)?>)[^<]+`)
)

// redactor makes what was sent and answered fit to be kept.
type redactor struct{ secrets *strings.Replacer }

// newRedactor masks secrets in all forms in which requests and answers write them.
func newRedactor(secrets []string) redactor {
	forms := map[string]bool{}
	for _, secret := range secrets {
		for _, form := range []string{secret, strings.TrimSpace(secret)} {
			for _, written := range writtenForms(form) {
				forms[written] = true
			}
		}
	}
	delete(forms, "")
	var longest []string
	for form := range forms {
		longest = append(longest, form)
	}
	slices.SortFunc(longest, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range longest {
		pairs = append(pairs, form, masked)
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func writtenForms(secret string) []string {
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	for _, escapeHTML := range []bool{true, false} {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(escapeHTML)
		if err := encoder.Encode(secret); err != nil {
			continue // no text fails
		}
		quoted := strings.TrimSuffix(text.String(), "\n")
		forms = append(forms, quoted[1:len(quoted)-1])
	}
	return forms
}

// text masks secrets, and what stands where secrets do, and bounds the rest. It
// is valid text for every database.
func (r redactor) text(raw string) string {
	out := r.secrets.Replace(strings.ToValidUTF8(strings.ReplaceAll(raw, "\x00", "\uFFFD"), "\uFFFD"))
	out = secretJSON.ReplaceAllString(out, `${1}"`+masked+`"`)
	out = secretPair.ReplaceAllString(out, "${1}"+masked)
	out = secretXML.ReplaceAllString(out, "${1}"+masked)
	if len(out) > keptLogged {
		out = strings.ToValidUTF8(out[:keptLogged], "")
	}
	return out
}
