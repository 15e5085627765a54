// Package locales speaks to people in their language: English, simplified
// Chinese and Malay, from catalogues that are part of the program.
package locales

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed en/*.json zh-Hans/*.json ms/*.json
var catalogues embed.FS

// Language is one of the languages that the catalogues hold.
type Language string

// The languages; their text is also the value of the HTML lang attribute.
const (
	English Language = "en"
	Chinese Language = "zh-Hans"
	Malay   Language = "ms"
)

// Languages lists the languages in the order that menus show them.
func Languages() []Language { return []Language{English, Chinese, Malay} }

// Name is the language's name in itself, as menus show it.
func (l Language) Name() string {
	switch l {
	case Chinese:
		return "简体中文"
	case Malay:
		return "Bahasa Melayu"
	default:
		return "English"
	}
}

// Localizer finds texts in one language.
type Localizer struct {
	language Language
	texts    *i18n.Localizer
}

var (
	matcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese, language.Malay})
	// A language is read when somebody first speaks it: all of them are a third of
	// what a program holds that serves no pages.
	localizers = map[Language]func() *Localizer{
		English: sync.OnceValue(func() *Localizer { return load(English) }),
		Chinese: sync.OnceValue(func() *Localizer { return load(Chinese) }),
		Malay:   sync.OnceValue(func() *Localizer { return load(Malay) }),
	}
)

func load(l Language) *Localizer {
	bundle := i18n.NewBundle(language.English)
	err := fs.WalkDir(catalogues, string(l), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := catalogues.ReadFile(name)
		if err != nil {
			return err
		}
		// The bundle reads the language from the name: "orders.en.json".
		named := strings.TrimSuffix(path.Base(name), ".json") + "." + string(l) + ".json"
		if _, err := bundle.ParseMessageFileBytes(body, named); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		return nil
	})
	if err != nil { // the catalogues are part of the program and tested
		panic(fmt.Sprintf("locales: %v", err))
	}
	return &Localizer{language: l, texts: i18n.NewLocalizer(bundle, string(l))}
}

// For returns the texts of a language.
func For(l Language) *Localizer {
	if found, ok := localizers[l]; ok {
		return found()
	}
	return localizers[English]()
}

// Match chooses the texts for a request: the user's own setting, else the
// cookie of an earlier choice, else what the browser asks for, else English.
// Each may be empty or nonsense.
func Match(acceptLanguage, cookie, user string) *Localizer {
	for _, wish := range []string{user, cookie, acceptLanguage} {
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, index, confidence := matcher.Match(tags...); confidence > language.No {
			return For(Languages()[index])
		}
	}
	return For(English)
}

// Language is the language of the texts.
func (l *Localizer) Language() Language { return l.language }

type contextKey struct{}

// NewContext returns a context that carries the viewer's texts to the views.
func NewContext(ctx context.Context, l *Localizer) context.Context {
	return context.WithValue(ctx, contextKey{}, l)
}

// FromContext returns the texts that NewContext stored, in English without it.
func FromContext(ctx context.Context) *Localizer {
	if l, ok := ctx.Value(contextKey{}).(*Localizer); ok {
		return l
	}
	return For(English)
}
