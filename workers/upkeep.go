package workers

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/models"
)

// batch is how many rows upkeep handles in one transaction.
const batch = 1000

type foldStatsWorker struct {
	river.WorkerDefaults[models.FoldStatsArgs]

	db *models.DB
}

func (w *foldStatsWorker) Work(ctx context.Context, _ *river.Job[models.FoldStatsArgs]) error {
	for {
		var folded int
		err := w.db.Write(ctx, func(tx *models.Tx) (err error) {
			folded, err = tx.FoldStats(batch)
			return err
		})
		if err != nil || folded < batch {
			return err
		}
	}
}

type pruneWorker struct {
	river.WorkerDefaults[models.PruneArgs]

	db *models.DB
}

func (w *pruneWorker) Work(ctx context.Context, _ *river.Job[models.PruneArgs]) error {
	for {
		var deleted int64
		err := w.db.Write(ctx, func(tx *models.Tx) (err error) {
			deleted, err = tx.Prune(batch)
			return err
		})
		if err != nil || deleted == 0 {
			return err
		}
	}
}
