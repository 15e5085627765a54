package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// How nodes tell that they are alive.
const (
	// BeatEvery is how often a node does.
	BeatEvery = 10 * time.Second
	// nodeSilence is for how long one may have said nothing before it counts as
	// gone: three beats, and time for a slow one.
	nodeSilence = 35 * time.Second
	// keepNodes is how long those that are gone are listed.
	keepNodes = 24 * time.Hour
)

// TopicNode is the topic of hints about the program itself: nodes, queues, jobs.
const TopicNode = "node"

// Node is a process that serves pages, works jobs, or both.
type Node struct {
	ID          string `gorm:"primaryKey"`
	Name        string // of its machine
	Version     string
	Web         bool
	Workers     bool
	Connections int64 // open to its pages and API
	Streams     int64 // of these: pages that hear of changes
	Goroutines  int64
	Memory      int64      // bytes that the process holds
	Locked      int64      // accounts whose secrets its keys do not open; below zero: it could not look
	Backups     bool       // it was told where backups are
	BackupAt    *time.Time // when the newest of these was made; nil: it sees none
	StartedAt   time.Time
	SeenAt      time.Time
	StoppedAt   *time.Time // it stopped in order
}

// Alive says whether the node was heard of lately and did not say good-bye.
func (n *Node) Alive(now time.Time) bool {
	return n.StoppedAt == nil && now.Sub(n.SeenAt) <= nodeSilence
}

// Lost says that a node is silent that did not say good-bye: it died, or cannot
// reach the database.
func (n *Node) Lost(now time.Time) bool { return n.StoppedAt == nil && !n.Alive(now) }

// Nodes lists the nodes of the last day, those that began last first.
func (db *DB) Nodes(ctx context.Context) ([]Node, error) {
	return all[Node](db.q(ctx).Where("seen_at > ?", db.Now().Add(-keepNodes)).Order("id DESC").Limit(maxIDs))
}

// Beat stores what a node tells of itself, and that it is alive now; its first
// beat is when it started.
func (tx *Tx) Beat(n Node) error {
	n.StartedAt, n.SeenAt, n.StoppedAt = tx.now, tx.now, nil
	stored := tx.q().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"name", "version", "connections", "streams", "goroutines", "memory", "locked", "backups", "backup_at", "seen_at", "stopped_at",
		}),
	}).Create(&n)
	if stored.Error != nil {
		return fmt.Errorf("beat of %s: %w", n.ID, stored.Error)
	}
	tx.Announce(Hint{Topic: TopicNode, ID: n.ID})
	return nil
}

// ForgetNodes deletes nodes that are long gone.
func (tx *Tx) ForgetNodes() error {
	if err := tx.q().Exec("DELETE FROM nodes WHERE seen_at < ?", tx.now.Add(-keepNodes)).Error; err != nil {
		return fmt.Errorf("forget nodes: %w", err)
	}
	return nil
}

// LeaveNode notes that a node stops in order.
func (tx *Tx) LeaveNode(id string) error {
	_, err := tx.update("nodes", map[string]any{"seen_at": tx.now, "stopped_at": tx.now}, "id = ?", id)
	return err
}
