-- Recovery codes: with one, a terminal whose certificate has expired gets another.
CREATE TABLE recovery_code (
    id              BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    terminal_id     BIGINT  NOT NULL REFERENCES terminal (id),
    -- HMAC-SHA-256 under a key that is not in the database, hex.
    code_hash       TEXT    NOT NULL UNIQUE,
    created_by      TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    used_at         BIGINT,
    used_serial     TEXT    REFERENCES certificate (serial),
    cancelled_at    BIGINT
);
CREATE UNIQUE INDEX one_open_recovery_code ON recovery_code (terminal_id)
    WHERE used_at IS NULL AND cancelled_at IS NULL;

-- Codes that were tried and not known, by a hash of where from and the hour, counted before
-- they are judged: on all nodes together.
CREATE TABLE recovery_attempt (
    subject         TEXT    NOT NULL,
    span            BIGINT  NOT NULL,
    times           BIGINT  NOT NULL,
    PRIMARY KEY (subject, span)
);
