-- Tokens of programs that use the administration API, each for its maker. Kept as
-- SHA-256, hex: nothing here can be used as it lies.
CREATE TABLE api_token (
    id                  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    tenant_id           TEXT    NOT NULL REFERENCES tenant (id),
    administrator_id    BIGINT  NOT NULL REFERENCES administrator (id),
    token_hash          TEXT    NOT NULL UNIQUE,
    -- Its first letters, to tell one from another in lists.
    beginning           TEXT    NOT NULL,
    name                TEXT    NOT NULL,
    -- Words, separated by blanks.
    scopes              TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL,
    expires_at          BIGINT  NOT NULL,
    -- To the minute.
    last_used_at        BIGINT,
    revoked_at          BIGINT
);
CREATE INDEX api_token_of_tenant ON api_token (tenant_id);
