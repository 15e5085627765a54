-- +goose Up
-- Processes that serve or work, as they told of themselves lately, by the
-- database's clock. One that stopped in order says so.
CREATE TABLE nodes (
    id           TEXT COLLATE "C" PRIMARY KEY,
    name         TEXT NOT NULL,
    version      TEXT NOT NULL,
    web          BOOLEAN NOT NULL,
    workers      BOOLEAN NOT NULL,
    connections  BIGINT NOT NULL DEFAULT 0,
    streams      BIGINT NOT NULL DEFAULT 0,
    goroutines   BIGINT NOT NULL DEFAULT 0,
    memory       BIGINT NOT NULL DEFAULT 0,
    started_at   TIMESTAMPTZ NOT NULL,
    seen_at      TIMESTAMPTZ NOT NULL,
    stopped_at   TIMESTAMPTZ
);

-- How the jobs fared that run again and again, each kind on whichever node did last.
CREATE TABLE periodic_jobs (
    kind          TEXT COLLATE "C" PRIMARY KEY,
    node_id       TEXT NOT NULL,
    ran_at        TIMESTAMPTZ NOT NULL,
    took_ms       BIGINT NOT NULL DEFAULT 0,
    succeeded_at  TIMESTAMPTZ,
    error         TEXT NOT NULL DEFAULT ''
);

-- The trace that an event happened in, so that its deliveries join it.
ALTER TABLE events ADD COLUMN trace TEXT NOT NULL DEFAULT '';
