package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/workers"
)

// A paused queue stays as it is, on either database, until it is resumed.
func TestPausedQueuesRest(t *testing.T) {
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
			told := make(chan error, 1)
			err := serve(ctx, c, serveOptions{
				workers: true, policy: payments.DefaultPolicy(), jobs: workers.DefaultOptions(), grace: time.Second,
				ready: func(ctx context.Context, a *app) error {
					a.background.Go(func() {
						defer stop()
						told <- restAndResume(ctx, a)
					})
					return nil
				},
			})
			if err := errors.Join(err, <-told); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// restAndResume pauses a queue, gives it a job, and resumes it.
func restAndResume(ctx context.Context, a *app) error {
	waiting := func(want int64) error {
		for ctx.Err() == nil {
			states, err := a.db.QueueStates(ctx)
			if err != nil {
				return err
			}
			for _, s := range states {
				if s.Name == models.QueueCarrier && s.Waiting == want {
					return nil
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		return fmt.Errorf("never were %d jobs waiting", want)
	}
	var err error
	for ctx.Err() == nil { // until a worker has made the queue known
		if err = a.db.Write(ctx, func(tx *models.Tx) error { return tx.PauseQueue(models.QueueCarrier) }); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	time.Sleep(5 * time.Second) // workers without notifications look every two seconds
	poll := models.PollArgs{AccountID: models.NewID(models.PrefixCarrierAccount)}
	err = a.db.Write(ctx, func(tx *models.Tx) error {
		tx.Enqueue(poll)
		return nil
	})
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	if err := waiting(1); err != nil {
		return err
	}
	if err := a.db.Write(ctx, func(tx *models.Tx) error { return tx.ResumeQueue(models.QueueCarrier) }); err != nil {
		return err
	}
	return waiting(0)
}
