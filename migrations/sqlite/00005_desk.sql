-- +goose Up
-- What waits for a human, newest first, of all merchants and of one. The desk
-- asks with the same words, so that both databases know the index serves it.
CREATE INDEX payments_desk ON payments (id) WHERE (status IN ('failed', 'unknown', 'needs_review') OR issue <> '');
CREATE INDEX payments_desk_merchant ON payments (merchant_id, id) WHERE (status IN ('failed', 'unknown', 'needs_review') OR issue <> '');
