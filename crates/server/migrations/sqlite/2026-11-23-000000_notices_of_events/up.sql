-- Notices of what happens, beside those of a certificate's end. The key is no longer the
-- certificate but the subject, whatever it is. SQLite cannot drop NOT NULL: the table is
-- made anew, with its rows and their numbers.
--
-- A program of the version before inserts and reads rows with a serial, as it always did,
-- and sees nothing of the others: it joins them with certificates.
CREATE TABLE outbox_of_subjects (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- The certificate, if the notice is about one …
    serial          TEXT    REFERENCES certificate (serial),
    -- … or else what it is about: recovery-code:17, mass-revocation:3, invitation:HASH.
    about           TEXT,
    subject         TEXT    NOT NULL GENERATED ALWAYS AS (COALESCE('certificate:' || serial, about)) STORED,
    notice          TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    -- Whose settings named the recipient: the clinic, its vendor or the operator.
    tenant_id       TEXT    NOT NULL REFERENCES tenant (id),
    -- What has happened, JSON, without any secret; none for the end of a certificate.
    facts           TEXT,
    -- A link that only the recipient may read, sealed; erased when the delivery has ended.
    sealed          BLOB,
    -- By it, returned mail names the delivery: strangers do not know it. None where a program
    -- of the version before has named it by the serial.
    mark            TEXT,
    state           TEXT    NOT NULL,
    attempts        BIGINT  NOT NULL DEFAULT 0,
    created_at      BIGINT  NOT NULL,
    next_attempt_at BIGINT  NOT NULL,
    leased_until    BIGINT,
    lease           TEXT,
    last_error      TEXT,
    ended_at        BIGINT,
    CHECK ((serial IS NULL) <> (about IS NULL)),
    UNIQUE (subject, notice, channel, recipient, tenant_id)
);
INSERT INTO outbox_of_subjects
    (id, serial, notice, channel, recipient, tenant_id, state, attempts, created_at, next_attempt_at,
     leased_until, lease, last_error, ended_at)
SELECT
    id, serial, notice, channel, recipient, tenant_id, state, attempts, created_at, next_attempt_at,
    leased_until, lease, last_error, ended_at
FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_of_subjects RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX outbox_of_tenant ON outbox (tenant_id, created_at);
CREATE INDEX outbox_sent ON outbox (ended_at) WHERE state = 'sent';
-- For the deliveries planned for certificates that end.
CREATE INDEX outbox_of_certificate ON outbox (serial);
