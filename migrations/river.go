package migrations

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// migrator brings River's tables up, over either driver.
type migrator interface {
	Validate(ctx context.Context, opts *rivermigrate.ValidateOpts) (*rivermigrate.ValidateResult, error)
	Migrate(
		ctx context.Context, direction rivermigrate.Direction, opts *rivermigrate.MigrateOpts,
	) (*rivermigrate.MigrateResult, error)
}

func (t Target) river() (m migrator, err error) {
	config := &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)} // what matters comes back as an error
	if t.Pool != nil {
		m, err = rivermigrate.New(riverpgxv5.New(t.Pool), config)
	} else {
		m, err = rivermigrate.New(riversqlite.New(t.SQL), config)
	}
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return m, nil
}

func (t Target) upRiver(ctx context.Context) error {
	jobs, err := t.river()
	if err != nil {
		return err
	}
	if _, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	return nil
}
