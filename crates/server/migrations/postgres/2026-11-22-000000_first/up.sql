-- Times are seconds since 1970 UTC. Serials and hashes are lower-case hex.
CREATE TABLE tenant (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    service     TEXT    NOT NULL,
    suspended   BOOLEAN NOT NULL DEFAULT FALSE,
    created_at  BIGINT  NOT NULL
);

CREATE TABLE terminal (
    id          BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   TEXT    NOT NULL REFERENCES tenant (id),
    common_name TEXT    NOT NULL,
    label       TEXT,
    created_at  BIGINT  NOT NULL,
    UNIQUE (tenant_id, common_name)
);

CREATE TABLE certificate (
    serial          TEXT   NOT NULL PRIMARY KEY,
    terminal_id     BIGINT NOT NULL REFERENCES terminal (id),
    parent          TEXT   REFERENCES certificate (serial),
    state           TEXT   NOT NULL,
    door            TEXT   NOT NULL,
    key_fingerprint TEXT   NOT NULL UNIQUE,
    not_before      BIGINT NOT NULL,
    not_after       BIGINT NOT NULL,
    -- The intent: what was about to be signed. Emptied when the result is there.
    to_be_signed    BYTEA,
    der             BYTEA,
    -- Microseconds, so that lists keep the order of issue.
    created_at      BIGINT NOT NULL,
    first_used_at   BIGINT,
    ended_at        BIGINT,
    end_reason      TEXT
);

-- At most one certificate of a terminal waits for its first use: the invariant
-- that concurrent renewals lean on, on every node at once.
CREATE UNIQUE INDEX one_awaiting_first_use ON certificate (terminal_id) WHERE state IN ('pending', 'issued');
CREATE INDEX certificate_of_terminal ON certificate (terminal_id);
CREATE INDEX certificate_of_parent ON certificate (parent);
CREATE INDEX certificate_end ON certificate (not_after);

CREATE TABLE bundle (
    token_hash  TEXT   NOT NULL PRIMARY KEY,
    serial      TEXT   NOT NULL UNIQUE REFERENCES certificate (serial),
    terminal_id BIGINT NOT NULL REFERENCES terminal (id),
    pkcs12      BYTEA   NOT NULL,
    expires_at  BIGINT NOT NULL,
    fetched_at  BIGINT
);
CREATE INDEX bundle_end ON bundle (expires_at);

CREATE TABLE audit_event (
    id          BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          BIGINT  NOT NULL,
    kind        TEXT    NOT NULL,
    tenant_id   TEXT,
    common_name TEXT,
    serial      TEXT,
    detail      TEXT    NOT NULL
);
CREATE INDEX audit_of_certificate ON audit_event (serial, at);
