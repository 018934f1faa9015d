-- How many terminals of one or a few organisations fail, and how many have a certificate that waits for its first use,
-- stand on each page of their lists. The index of all their terminals knows neither: each of them was looked at. The
-- conditions stand in the same words in store/in_state.rs.
CREATE INDEX terminal_failing_of_tenant ON terminal (tenant_id, expires_at) WHERE failing_since IS NOT NULL;
CREATE INDEX terminal_unused_of_tenant ON terminal (tenant_id, expires_at) WHERE unused_serial IS NOT NULL;
