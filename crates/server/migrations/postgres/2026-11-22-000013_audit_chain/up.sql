-- The audit trail becomes a chain: each event carries SHA-256 over the hash before it and
-- its own words. What was recorded before is chained when the program first opens it.
ALTER TABLE audit_event ADD COLUMN actor TEXT;
ALTER TABLE audit_event ADD COLUMN position BIGINT;
ALTER TABLE audit_event ADD COLUMN hash TEXT;
CREATE UNIQUE INDEX audit_position ON audit_event (position);
CREATE INDEX audit_of_tenant ON audit_event (tenant_id, id);
CREATE INDEX audit_of_terminal ON audit_event (tenant_id, common_name, id);

-- One row: the end of the chain.
CREATE TABLE audit_head (
    id          BIGINT  NOT NULL PRIMARY KEY,
    position    BIGINT  NOT NULL,
    hash        TEXT    NOT NULL
);
