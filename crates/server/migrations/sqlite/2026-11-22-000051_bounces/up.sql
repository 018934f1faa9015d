-- Addresses that mail came back from: nothing is written to them until an administrator of
-- the organisation says that they are good.
CREATE TABLE notice_bounce (
    tenant_id TEXT   NOT NULL REFERENCES tenant (id),
    address   TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, address)
);
-- For the certificates that somebody was told of.
CREATE INDEX outbox_sent ON outbox (ended_at) WHERE state = 'sent';
