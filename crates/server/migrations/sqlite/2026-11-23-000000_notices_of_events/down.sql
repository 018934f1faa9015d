-- What is not about a certificate has no place in the table of before.
CREATE TABLE outbox_of_certificates (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    serial          TEXT    NOT NULL REFERENCES certificate (serial),
    notice          TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    tenant_id       TEXT    NOT NULL REFERENCES tenant (id),
    state           TEXT    NOT NULL,
    attempts        BIGINT  NOT NULL DEFAULT 0,
    created_at      BIGINT  NOT NULL,
    next_attempt_at BIGINT  NOT NULL,
    leased_until    BIGINT,
    lease           TEXT,
    last_error      TEXT,
    ended_at        BIGINT,
    UNIQUE (serial, notice, channel, recipient)
);
INSERT INTO outbox_of_certificates
SELECT
    id, serial, notice, channel, recipient, tenant_id, state, attempts, created_at, next_attempt_at,
    leased_until, lease, last_error, ended_at
FROM outbox WHERE serial IS NOT NULL
-- Nor have two organisations with one address.
GROUP BY serial, notice, channel, recipient HAVING id = MIN(id);
DROP TABLE outbox;
ALTER TABLE outbox_of_certificates RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX outbox_of_tenant ON outbox (tenant_id, created_at);
CREATE INDEX outbox_sent ON outbox (ended_at) WHERE state = 'sent';
