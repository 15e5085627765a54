package payments

import (
	"regexp"
	"strings"
)

// MaxRaw bounds Result.Raw, in bytes.
const MaxRaw = 4 << 10

const masked = "[masked]"

var (
	secretKey  = regexp.MustCompile(`\b(?:sk|rk|whsec)_[A-Za-z0-9_]+`)
	jsonSecret = regexp.MustCompile(`("(?:client_secret|access_token|refresh_token|cvc|cvv|number)"\s*:\s*)"[^"]*"?`)
)

// MaskRaw makes a provider's answer fit for Result.Raw: masked, and not too long.
func MaskRaw(answer []byte, secrets ...string) string {
	text := Mask(answer, secrets...)
	if len(text) > MaxRaw {
		text = strings.ToValidUTF8(text[:MaxRaw], "")
	}
	return text
}

// Mask makes what a provider sent fit to be shown: without the given secrets,
// other keys and card numbers, and valid text.
func Mask(answer []byte, secrets ...string) string {
	text := strings.ReplaceAll(strings.ToValidUTF8(string(answer), "\uFFFD"), "\x00", "\uFFFD") // PostgreSQL stores no NUL
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, masked)
		}
	}
	text = secretKey.ReplaceAllString(text, masked)
	text = jsonSecret.ReplaceAllString(text, `$1"`+masked+`"`)
	return maskCardNumbers(text)
}

func maskCardNumbers(text string) string {
	var b strings.Builder
	rest := 0
	for _, number := range cardNumbers(text) {
		b.WriteString(text[rest:number.from] + masked)
		rest = number.to
	}
	return b.String() + text[rest:]
}
