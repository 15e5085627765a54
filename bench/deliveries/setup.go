package deliveries

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/secret"
)

// keysInAll is how many API keys there are, spread over the shops: one takes 100
// requests a second.
const keysInAll = 200

// shop is a merchant with one endpoint.
type shop struct {
	keys   []string // of the API
	secret string   // of the endpoint
}

// prepare makes shops, before the program runs.
func prepare(ctx context.Context, o Options, sinkURL string) ([]shop, error) {
	if err := safeDisk(ctx, o.Database); err != nil {
		return nil, err
	}
	endpoints := make([]notify.NewEndpoint, o.Endpoints)
	for i := range endpoints {
		endpoints[i].URL, endpoints[i].MaxInFlight = fmt.Sprintf("%s/%d", sinkURL, i), o.InFlight
	}
	if o.Endpoints > 1 {
		endpoints[o.Endpoints-1].URL = sinkURL + hanging
	}
	return openShops(ctx, o, endpoints)
}

// openShops makes a shop for each of the endpoints.
func openShops(ctx context.Context, o Options, endpoints []notify.NewEndpoint) (shops []shop, err error) {
	keys, _, err := secret.ReadOrCreateFile(o.KeyFile)
	if err != nil {
		return nil, err
	}
	db, err := models.Open(ctx, o.Database)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service := notify.NewService(db, credentials.New(keys),
		notify.Options{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, slog.New(slog.DiscardHandler))
	err = db.Write(ctx, func(tx *models.Tx) error {
		shops = nil
		for i, endpoint := range endpoints {
			s, err := open(tx, service, max(1, keysInAll/len(endpoints)), i, endpoint)
			if err != nil {
				return err
			}
			shops = append(shops, s)
		}
		return nil
	})
	return shops, err
}

func open(tx *models.Tx, service *notify.Service, keys, i int, endpoint notify.NewEndpoint) (s shop, err error) {
	m, err := tx.CreateMerchant(models.Merchant{Name: fmt.Sprintf("Shop %d", i), Currency: "EUR", Timezone: "Europe/Berlin"})
	if err != nil {
		return s, err
	}
	for range keys {
		_, key, err := tx.CreateAPIKey(m.ID, "bench", nil)
		if err != nil {
			return s, err
		}
		s.keys = append(s.keys, key)
	}
	_, s.secret, err = service.CreateEndpoint(tx, m.ID, endpoint)
	return s, err
}

// safeDisk refuses a server that does not wait for its disk: its figures would
// be those of no shop.
func safeDisk(ctx context.Context, address string) (err error) {
	db, err := models.Open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if db.Dialect != models.Postgres {
		return nil
	}
	for _, setting := range []string{"fsync", "synchronous_commit"} {
		var value string
		if err := db.SQL().QueryRowContext(ctx, "SHOW "+setting).Scan(&value); err != nil {
			return err
		}
		if value != "on" {
			return fmt.Errorf("the server runs with %s = %s: want on", setting, value)
		}
	}
	return nil
}
