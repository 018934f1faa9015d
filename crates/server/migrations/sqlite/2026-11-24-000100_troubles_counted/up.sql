-- How many of an organisation's terminals fail, and how many have a certificate that waits, is counted without looking at
-- the terminals themselves: a search from the root of the table for each of them.
DROP INDEX terminal_failing_of_tenant;
DROP INDEX terminal_unused_of_tenant;
CREATE INDEX terminal_failing_of_tenant ON terminal (tenant_id, expires_at, stopped_at, current_state, failing_since)
    WHERE failing_since IS NOT NULL;
CREATE INDEX terminal_unused_of_tenant ON terminal
    (tenant_id, expires_at, stopped_at, current_state, failing_since, unused_serial) WHERE unused_serial IS NOT NULL;
