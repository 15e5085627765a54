package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/workers"
)

// A running node is listed with how its periodic jobs fare, and says good-bye
// when it stops.
func TestNodesAreListed(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": modelstest.SQLiteURL(t), "postgres": modelstest.PostgresURL(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &Config{Addr: "127.0.0.1:0", Data: t.TempDir(), DatabaseURL: url, Log: "error"}
			if err := c.complete(); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			var while []models.Node
			var jobs []models.PeriodicJob
			err := serve(ctx, c, serveOptions{
				workers: true, policy: payments.DefaultPolicy(), jobs: workers.DefaultOptions(), grace: time.Second,
				ready: func(ctx context.Context, a *app) error {
					a.background.Go(func() {
						defer stop()
						for ctx.Err() == nil && (len(while) == 0 || len(jobs) == 0) {
							while, _ = a.db.Nodes(ctx)
							jobs, _ = a.db.PeriodicJobs(ctx)
							time.Sleep(50 * time.Millisecond)
						}
					})
					return nil
				},
			})
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if len(while) != 1 || !while[0].Alive(while[0].SeenAt) || !while[0].Workers || while[0].Web || while[0].Memory == 0 {
				t.Fatalf("while it ran there was %+v", while)
			}
			if len(jobs) == 0 || jobs[0].NodeID != while[0].ID || jobs[0].SucceededAt == nil {
				t.Errorf("periodic jobs are %+v", jobs)
			}
			db, err := models.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			after, err := db.Nodes(t.Context())
			if err != nil || len(after) != 1 || after[0].StoppedAt == nil || after[0].Alive(db.Now()) {
				t.Errorf("afterwards there is %+v, %v", after, err)
			}
		})
	}
}
