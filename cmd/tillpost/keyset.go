package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

// keyFile is where the key set is kept, unless the environment holds it.
func (c *Config) keyFile() string {
	if c.EncryptionKeyFile != "" {
		return c.EncryptionKeyFile
	}
	return filepath.Join(c.Data, "tillpost.key")
}

// keys loads the key set of stored credentials: from the environment, a named
// file, or the file in the data folder. It makes none.
func (c *Config) keys() (*secret.Keys, error) {
	if c.EncryptionKey != "" {
		keys, err := secret.Parse(c.EncryptionKey)
		if err != nil {
			return nil, fmt.Errorf("TILLPOST_ENCRYPTION_KEY: %w", err)
		}
		return keys, nil
	}
	keys, err := secret.ReadFile(c.keyFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &missingKeyError{file: c.keyFile()}
	case err != nil && c.EncryptionKeyFile != "":
		return nil, fmt.Errorf("%s: %w", c.name("TILLPOST_ENCRYPTION_KEY_FILE"), err)
	case err != nil:
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	return keys, nil
}

// keysOf is keys, with a word on what a missing file means for the database.
func (c *Config) keysOf(ctx context.Context, db *models.DB) (*secret.Keys, error) {
	keys, err := c.keys()
	if _, missing := errors.AsType[*missingKeyError](err); missing {
		return nil, cmp.Or(c.mayMakeKey(ctx, db), err)
	}
	return keys, err
}

// keysOrNew is keys, except that it makes the file in the data folder on the
// first start: a new key opens nothing that is already stored, and another
// node's key must not be replaced by one of this machine's own.
func (c *Config) keysOrNew(ctx context.Context, db *models.DB) (*secret.Keys, error) {
	keys, err := c.keys()
	if _, missing := errors.AsType[*missingKeyError](err); !missing {
		return keys, err
	}
	if err := c.mayMakeKey(ctx, db); err != nil {
		return nil, err
	}
	if err := c.makeDataFolder(); err != nil {
		return nil, err
	}
	keys, _, err = secret.ReadOrCreateFile(c.keyFile())
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	return keys, nil
}

// mayMakeKey refuses to make a key file where an older one must be missing.
func (c *Config) mayMakeKey(ctx context.Context, db *models.DB) error {
	if c.EncryptionKeyFile != "" {
		return &missingKeyError{file: c.keyFile()} // who names a file has one
	}
	sealed, err := holdsSealed(ctx, db)
	if err != nil {
		return err
	}
	if sealed {
		return &missingKeyError{file: c.keyFile(), lost: true}
	}
	if db.Dialect == models.Postgres {
		merchants, err := db.Merchants(ctx, models.AllMerchants())
		if err != nil {
			return err
		}
		if len(merchants) > 0 {
			return &missingKeyError{file: c.keyFile(), shared: true}
		}
	}
	return nil
}

// holdsSealed says whether anything is stored that a key set has sealed.
func holdsSealed(ctx context.Context, db *models.DB) (bool, error) {
	gateways, err := db.GatewayAccounts(ctx, models.AllMerchants())
	if err != nil || len(gateways) > 0 {
		return len(gateways) > 0, err
	}
	carriers, err := db.CarrierAccounts(ctx, models.AllMerchants())
	if err != nil || len(carriers) > 0 {
		return len(carriers) > 0, err
	}
	endpoints, _, err := db.Endpoints(ctx, models.AllMerchants(), models.Page{Limit: 1})
	return len(endpoints) > 0, err
}

// missingKeyError is the error of a key file that is not there, with the way out.
type missingKeyError struct {
	file   string
	lost   bool // what is stored was sealed under it
	shared bool // other nodes may have it
}

func (e *missingKeyError) Error() string {
	switch {
	case e.lost:
		return fmt.Sprintf("the key file %s is missing, and the database holds credentials that only its keys open: "+
			"put it back, or name it by TILLPOST_ENCRYPTION_KEY_FILE; if it is lost for good, 'tillpost keys create' makes another, "+
			"under which all credentials must be entered again", e.file)
	case e.shared:
		return fmt.Sprintf("the key file %s is missing, and the database is in use: name the file of the other nodes "+
			"by TILLPOST_ENCRYPTION_KEY_FILE, or make the first by 'tillpost keys create' and give it to all nodes", e.file)
	default:
		return fmt.Sprintf("the key file %s does not exist: 'tillpost keys create' makes one", e.file)
	}
}
