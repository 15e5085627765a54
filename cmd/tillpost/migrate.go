package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
)

func migrateCommand() *cobra.Command {
	up := &cobra.Command{
		Use: "up", Short: "Apply pending schema changes", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBareStore(cmd.Context(), making, func(db *models.DB) error {
				if err := migrations.Up(cmd.Context(), target(db)); err != nil {
					return err
				}
				status, err := migrations.Read(cmd.Context(), target(db))
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "schema version %d\n", status.Current)
				return nil
			})
		},
	}
	var asJSON bool
	status := &cobra.Command{
		Use: "status", Short: "Say how far the database is", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			say := func(s migrations.Status) error {
				return show(cmd, asJSON, map[string]any{"current": s.Current, "latest": s.Latest, "pending": s.Pending()}, "%s", s)
			}
			err := withBareStore(cmd.Context(), existing, func(db *models.DB) error {
				s, err := migrations.Read(cmd.Context(), target(db))
				if err != nil {
					return err
				}
				return say(s)
			})
			if errors.Is(err, errNoDatabase) {
				return say(migrations.None())
			}
			return err
		},
	}
	jsonFlag(status, &asJSON)
	return group("migrate", "Change the database's schema", up, status)
}

// withBareStore opens the database whatever its schema.
func withBareStore(ctx context.Context, how access, fn func(db *models.DB) error) error {
	c := fromEnvironment()
	if err := c.complete(); err != nil {
		return err
	}
	db, err := openDatabase(ctx, c, how)
	if err != nil {
		return err
	}
	return errors.Join(fn(db), db.Close())
}
