-- Renewals that were refused or failed: one row per terminal, reason and hour.
CREATE TABLE renewal_attempt (
    terminal_id BIGINT  NOT NULL REFERENCES terminal (id),
    -- Hours since 1970.
    hour        BIGINT  NOT NULL,
    -- A problem code.
    reason      TEXT    NOT NULL,
    times       BIGINT  NOT NULL,
    last_at     BIGINT  NOT NULL,
    PRIMARY KEY (terminal_id, hour, reason)
);
CREATE INDEX renewal_attempt_by_hour ON renewal_attempt (hour);
