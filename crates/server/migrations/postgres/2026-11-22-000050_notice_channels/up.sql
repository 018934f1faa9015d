-- The secret of a webhook is sealed with a key that is not in the database. SQL cannot seal
-- what lay here in clear: such webhooks are set again.
UPDATE notice_settings SET webhook_url = NULL;
ALTER TABLE notice_settings DROP COLUMN webhook_secret;
ALTER TABLE notice_settings ADD COLUMN webhook_sealed BYTEA;
-- Whether anything is mailed, whether the administrators get it, and in which language.
ALTER TABLE notice_settings ADD COLUMN mail BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE notice_settings ADD COLUMN administrators BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE notice_settings ADD COLUMN language TEXT NOT NULL DEFAULT 'ja';

-- A try-out that an administrator asked for, and what the other side answered.
CREATE TABLE notice_tryout (
    id        BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    channel   TEXT   NOT NULL,
    recipient TEXT   NOT NULL,
    state     TEXT   NOT NULL,
    answer    TEXT,
    asked_at  BIGINT NOT NULL,
    ended_at  BIGINT
);
CREATE INDEX notice_tryout_of_tenant ON notice_tryout (tenant_id, asked_at);
