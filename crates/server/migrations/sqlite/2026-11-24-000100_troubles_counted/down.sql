DROP INDEX terminal_failing_of_tenant;
DROP INDEX terminal_unused_of_tenant;
CREATE INDEX terminal_failing_of_tenant ON terminal (tenant_id, expires_at) WHERE failing_since IS NOT NULL;
CREATE INDEX terminal_unused_of_tenant ON terminal (tenant_id, expires_at) WHERE unused_serial IS NOT NULL;
