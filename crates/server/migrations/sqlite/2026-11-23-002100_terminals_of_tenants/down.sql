DROP INDEX terminal_of_tenant_by_end;
CREATE INDEX terminal_of_tenant_by_end ON terminal (tenant_id, expires_at, id);
DROP INDEX terminal_of_tenant;
