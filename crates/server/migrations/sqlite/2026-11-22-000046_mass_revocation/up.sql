-- 一括失効: chosen by one operator, approved by another, carried out in parts.
CREATE TABLE mass_revocation (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Random: by it, who inserts a row finds its id.
    mark            TEXT    NOT NULL UNIQUE,
    -- chosen, proposed, approved, running, done, refused, cancelled, outlived
    state           TEXT    NOT NULL,
    -- What was chosen, for people: the tenant, the serials' number, the span of time.
    choice          TEXT    NOT NULL,
    -- RFC 5280, 5.3.1
    reason          TEXT    NOT NULL,
    chosen_by       BIGINT  NOT NULL REFERENCES administrator (id),
    chosen_by_name  TEXT    NOT NULL,
    chosen_at       BIGINT  NOT NULL,
    proposed_at     BIGINT,
    decided_by      BIGINT  REFERENCES administrator (id),
    decided_by_name TEXT,
    decided_at      BIGINT,
    ended_at        BIGINT
);
CREATE INDEX mass_revocation_state ON mass_revocation (state);

-- The certificates, fixed when they were chosen: what the second operator sees is what ends.
CREATE TABLE mass_revocation_item (
    revocation_id   BIGINT  NOT NULL REFERENCES mass_revocation (id) ON DELETE CASCADE,
    serial          TEXT    NOT NULL REFERENCES certificate (serial),
    -- Empty until it is done: revoked, or already when it had been revoked before.
    outcome         TEXT,
    PRIMARY KEY (revocation_id, serial)
);
CREATE INDEX mass_revocation_waiting ON mass_revocation_item (revocation_id, serial) WHERE outcome IS NULL;
