// Package notify tells merchants what happened: it signs webhooks, delivers
// them, and tries again until they arrive or the schedule ends.
package notify
