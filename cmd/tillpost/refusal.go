package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// flagError is a refusal of a value whose flag is not named after its field.
type flagError struct {
	refused  *models.Error
	flag     string
	accepted string // empty: what the code alone tells
}

func (e *flagError) Error() string { return e.refused.Error() }

// Unwrap leads to the refusal.
func (e *flagError) Unwrap() error { return e.refused }

// words says it as people do.
func (e *flagError) words() string {
	text := e.flag + ": " + sentence(e.refused.Code)
	if e.accepted != "" {
		text += "; " + e.accepted
	}
	return text
}

// inWords says a refusal as people do: the flag at fault, what is wrong with
// its value, and what is accepted.
func inWords(cmd *cobra.Command, refused *models.Error) string {
	text := sentence(refused.Code)
	if accepted := accepts(refused.Code); accepted != "" {
		text += "; " + accepted
	}
	if refused.Status != "" {
		text += " (" + refused.Status + ")"
	}
	field, _, _ := strings.Cut(refused.Field, "[")
	switch {
	case field == "":
		return text
	case cmd.Flags().Lookup(field) != nil:
		return "--" + field + ": " + text
	default:
		return field + ": " + text
	}
}

// sentence is the English text of a code, to stand within a line.
func sentence(code string) string {
	key := "error." + code
	text := strings.TrimSuffix(locales.For(locales.English).T(key), ".")
	if text == key {
		return strings.ReplaceAll(code, "_", " ")
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// accepts tells what is accepted instead, where the text, which is written for
// forms that offer a choice, does not.
func accepts(code string) string {
	switch code {
	case "unknown_role":
		return "want " + choices(models.RoleAdmin, models.RoleSupport, models.RoleMerchant)
	case "unknown_scope":
		return "want " + choices(models.APIScopes...)
	case "unknown_event_type":
		return "want " + choices(models.EventTypes...)
	case "url_private_address":
		return "allow networks of your own by TILLPOST_ALLOW_NETS, as 10.0.0.0/8"
	case "merchant_ref_taken":
		return "choose one by --ref"
	default:
		return ""
	}
}

// choices lists alternatives.
func choices(names ...string) string {
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return fmt.Sprintf("%s or %s", strings.Join(names[:last], ", "), names[last])
}

// oneLine makes one line of an error that was joined or spreads over several.
func oneLine(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		switch {
		case b.Len() == 0:
		case strings.HasSuffix(b.String(), ":"):
			b.WriteString(" ")
		default:
			b.WriteString("; ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// counted says how many of something there are.
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
