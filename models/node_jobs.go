package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// PeriodicJob is how a job fared lately that runs again and again.
type PeriodicJob struct {
	Kind        string `gorm:"primaryKey"`
	NodeID      string // that ran it last
	RanAt       time.Time
	TookMS      int64
	SucceededAt *time.Time // the last time; nil when it never did
	Error       string     // of the last run; empty when it succeeded
}

// PeriodicJobs lists how the jobs fared that run again and again, by kind.
func (db *DB) PeriodicJobs(ctx context.Context) ([]PeriodicJob, error) {
	return all[PeriodicJob](db.q(ctx).Order("kind").Limit(maxIDs))
}

// NoteJobs stores how periodic jobs fared on a node, unless another node ran
// them later.
func (tx *Tx) NoteJobs(runs []PeriodicJob) error {
	if len(runs) == 0 {
		return nil
	}
	slices.SortFunc(runs, func(a, b PeriodicJob) int { return cmp.Compare(a.Kind, b.Kind) }) // the order of locks
	later := clause.Where{Exprs: []clause.Expression{gorm.Expr("excluded.ran_at > periodic_jobs.ran_at")}}
	set := clause.AssignmentColumns([]string{"node_id", "ran_at", "took_ms", "error"})
	set = append(set, clause.Assignment{
		Column: clause.Column{Name: "succeeded_at"},
		Value:  gorm.Expr("COALESCE(excluded.succeeded_at, periodic_jobs.succeeded_at)"),
	})
	err := tx.q().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "kind"}}, Where: later, DoUpdates: set}).Create(&runs).Error
	if err != nil {
		return fmt.Errorf("note periodic jobs: %w", err)
	}
	return nil
}
