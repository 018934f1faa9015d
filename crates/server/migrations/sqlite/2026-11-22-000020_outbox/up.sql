-- How an organisation wants to be told that certificates near their end.
CREATE TABLE notice_settings (
    tenant_id           TEXT    NOT NULL PRIMARY KEY REFERENCES tenant (id),
    -- The terminals renew by themselves: people are told only of failures.
    unattended          BOOLEAN NOT NULL DEFAULT FALSE,
    webhook_url         TEXT,
    -- In clear, since the server signs with it. It opens nothing but the receiver's check.
    webhook_secret      TEXT,
    calendar_token_hash TEXT    UNIQUE
);

CREATE TABLE notice_recipient (
    tenant_id TEXT NOT NULL REFERENCES tenant (id),
    address   TEXT NOT NULL,
    language  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, address)
);

-- What is to be sent, and what became of it. A row is made before anything is sent, and
-- leased for the time of sending: a crash loses none, and sends at most one twice.
CREATE TABLE outbox (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    serial          TEXT    NOT NULL REFERENCES certificate (serial),
    notice          TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    -- Whose settings named the recipient: the clinic, its vendor or the operator.
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
CREATE INDEX outbox_waiting ON outbox (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX outbox_of_tenant ON outbox (tenant_id, created_at);
