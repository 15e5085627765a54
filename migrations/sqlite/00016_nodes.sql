-- +goose Up
-- Processes that serve or work, as they told of themselves lately, by the
-- database's clock. One that stopped in order says so.
CREATE TABLE nodes (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    version      TEXT NOT NULL,
    web          BOOLEAN NOT NULL,
    workers      BOOLEAN NOT NULL,
    connections  INTEGER NOT NULL DEFAULT 0,
    streams      INTEGER NOT NULL DEFAULT 0,
    goroutines   INTEGER NOT NULL DEFAULT 0,
    memory       INTEGER NOT NULL DEFAULT 0,
    started_at   DATETIME NOT NULL,
    seen_at      DATETIME NOT NULL,
    stopped_at   DATETIME
);

-- How the jobs fared that run again and again, each kind on whichever node did last.
CREATE TABLE periodic_jobs (
    kind          TEXT PRIMARY KEY,
    node_id       TEXT NOT NULL,
    ran_at        DATETIME NOT NULL,
    took_ms       INTEGER NOT NULL DEFAULT 0,
    succeeded_at  DATETIME,
    error         TEXT NOT NULL DEFAULT ''
);

-- The trace that an event happened in, so that its deliveries join it.
ALTER TABLE events ADD COLUMN trace TEXT NOT NULL DEFAULT '';
