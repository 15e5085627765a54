package handlers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// apiKeyScheme is the name of the API's security scheme.
const apiKeyScheme = "apiKey"

// requires is the security of an operation: a key with one of the scopes.
func requires(scopes ...string) []map[string][]string {
	var alternatives []map[string][]string
	for _, scope := range scopes {
		alternatives = append(alternatives, map[string][]string{apiKeyScheme: {scope}})
	}
	return alternatives
}

// scopesOf are the scopes of which an operation needs one.
func scopesOf(op *huma.Operation) []string {
	var scopes []string
	for _, alternative := range op.Security {
		scopes = append(scopes, alternative[apiKeyScheme]...)
	}
	return scopes
}

// admit lets a request in that has a key with the operation's scope.
func (a *shopAPI) admit(ctx huma.Context, next func(huma.Context)) {
	c := humafiber.Unwrap(ctx)
	call := &apiCall{server: a.server, requestID: requestID(c), ip: c.IP()}
	defer func() {
		if call.failure != nil {
			c.Locals(localFailure, call.failure)
		}
	}()
	key, err := a.keyOf(ctx.Context(), ctx.Header(fiber.HeaderAuthorization))
	if err != nil {
		a.Figures.Denied(monitor.DeniedKey)
		a.refuse(ctx, call, err)
		return
	}
	call.key, call.scope = key, models.MerchantScope(key.MerchantID)
	scopes := scopesOf(ctx.Operation())
	if !allowsAny(key, scopes) {
		a.Figures.Denied(monitor.DeniedScope)
		p := newProblem(http.StatusForbidden, "insufficient_scope")
		p.header = map[string]string{
			fiber.HeaderWWWAuthenticate: fmt.Sprintf(`Bearer realm="tillpost", error="insufficient_scope", scope=%q`, strings.Join(scopes, " ")),
		}
		a.refuse(ctx, call, p)
		return
	}
	a.uses.note(key)
	next(huma.WithValue(ctx, callKey{}, call))
}

func allowsAny(key *models.APIKey, scopes []string) bool {
	return slices.ContainsFunc(scopes, key.Allows)
}

// keyOf finds the live key of an Authorization header.
func (a *shopAPI) keyOf(ctx context.Context, header string) (*models.APIKey, error) {
	if header == "" {
		return nil, unauthorized("missing_api_key", "")
	}
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, unauthorized("missing_api_key", "")
	}
	key, err := a.keys.find(ctx, strings.TrimSpace(text))
	if errors.Is(err, models.ErrNotFound) {
		return nil, unauthorized("invalid_api_key", `, error="invalid_token"`)
	}
	return key, err
}

func unauthorized(code, detail string) *problem {
	p := newProblem(http.StatusUnauthorized, code)
	p.header = map[string]string{fiber.HeaderWWWAuthenticate: `Bearer realm="tillpost"` + detail}
	return p
}

// Bounds of the cache of keys. A revoked key works for at most keyTTL longer.
const (
	keyTTL     = 3 * time.Second
	cachedKeys = 4096
)

// keyCache spares the database a look-up per request. It holds hashes of keys,
// and only of keys that exist.
type keyCache struct {
	db *models.DB

	mu   sync.Mutex
	keys map[[sha256.Size]byte]cachedKey
}

type cachedKey struct {
	key   *models.APIKey
	until time.Time
}

func newKeyCache(db *models.DB) *keyCache {
	return &keyCache{db: db, keys: map[[sha256.Size]byte]cachedKey{}}
}

// find returns the live key with the text; it is shared and must not be changed.
func (k *keyCache) find(ctx context.Context, text string) (*models.APIKey, error) {
	hash, now := sha256.Sum256([]byte(text)), time.Now()
	k.mu.Lock()
	cached, ok := k.keys[hash]
	k.mu.Unlock()
	if ok && now.Before(cached.until) {
		return cached.key, nil
	}
	key, err := k.db.APIKeyByText(ctx, text)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) >= cachedKeys {
		clear(k.keys)
	}
	k.keys[hash] = cachedKey{key, now.Add(keyTTL)}
	return key, nil
}

// Bounds of noting when keys are used.
const (
	useInterval  = time.Hour // how exact the note is
	useBacklog   = 256
	useStoreTime = 5 * time.Second
)

// keyUses notes when keys were last used, beside the requests that use them.
type keyUses struct {
	db  *models.DB
	log *slog.Logger
	ids chan string

	mu    sync.Mutex
	noted map[string]time.Time
}

func newKeyUses(db *models.DB, log *slog.Logger) *keyUses {
	return &keyUses{db: db, log: log, ids: make(chan string, useBacklog), noted: map[string]time.Time{}}
}

// note has a use stored unless one was within the hour. When too many wait it
// is left to the key's next request.
func (u *keyUses) note(key *models.APIKey) {
	now := time.Now()
	if key.LastUsedAt != nil && now.Sub(*key.LastUsedAt) < useInterval {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.noted[key.ID]) < useInterval {
		return
	}
	select {
	case u.ids <- key.ID:
		if len(u.noted) >= cachedKeys {
			clear(u.noted)
		}
		u.noted[key.ID] = now
	default:
	}
}

// start stores uses until the process stops; the app's shutdown waits for it.
func (u *keyUses) start(ctx context.Context, app *fiber.App) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case id := <-u.ids:
				u.store(ctx, id)
			}
		}
	}()
	app.Hooks().OnShutdown(func() error {
		cancel()
		<-done
		return nil
	})
}

func (u *keyUses) store(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, useStoreTime)
	defer cancel()
	if err := u.db.Write(ctx, func(tx *models.Tx) error { return tx.NoteAPIKeyUse(id) }); err != nil {
		u.log.WarnContext(ctx, "use of API key not noted", "key", id, "error", err)
	}
}
