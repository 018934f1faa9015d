-- What the list of terminals shows, on the terminal itself: a list of 100,000 is sorted
-- and paged by an index. The certificate columns are kept by `store::overview`, in the
-- transaction of each change.

ALTER TABLE terminal ADD COLUMN place TEXT;
-- 使用停止; may be undone until it is made final.
ALTER TABLE terminal ADD COLUMN stopped_at BIGINT;
ALTER TABLE terminal ADD COLUMN stopped_by TEXT;
ALTER TABLE terminal ADD COLUMN stop_final_at BIGINT;
-- Seconds since 1970; 0 for never, so that both databases sort alike.
ALTER TABLE terminal ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;
-- The last attempt to renew: a problem code, or renewed.
ALTER TABLE terminal ADD COLUMN last_result TEXT;
ALTER TABLE terminal ADD COLUMN last_result_at BIGINT;
-- Since when every attempt has failed; empty when the last one went well.
ALTER TABLE terminal ADD COLUMN failing_since BIGINT;
-- The certificate in use; or else the one that waits for its first use; or else the last.
ALTER TABLE terminal ADD COLUMN current_serial TEXT;
-- Its state; empty without one.
ALTER TABLE terminal ADD COLUMN current_state TEXT NOT NULL DEFAULT '';
-- Its end; 0 without a certificate.
ALTER TABLE terminal ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
-- A certificate that waits for its first use.
ALTER TABLE terminal ADD COLUMN unused_serial TEXT;
-- Folded text for sorting and searching.
ALTER TABLE terminal ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN place_key TEXT NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN search_text TEXT NOT NULL DEFAULT '';

-- All that filters and searches look at, so that neither reads the rows.
CREATE INDEX terminal_by_end ON terminal
    (expires_at, id, stopped_at, current_state, failing_since, unused_serial, tenant_id, search_text);
CREATE INDEX terminal_by_name ON terminal (name_key, id);
CREATE INDEX terminal_by_place ON terminal (place_key, id);
CREATE INDEX terminal_by_common_name ON terminal (common_name, id);
CREATE INDEX terminal_by_last_seen ON terminal (last_seen_at, id);
CREATE INDEX terminal_of_tenant_by_end ON terminal (tenant_id, expires_at, id);
CREATE INDEX terminal_failing ON terminal (failing_since) WHERE failing_since IS NOT NULL;
CREATE INDEX terminal_unused ON terminal (unused_serial) WHERE unused_serial IS NOT NULL;
CREATE INDEX terminal_stopped ON terminal (stopped_at) WHERE stopped_at IS NOT NULL;

-- When the PKCS#12 was fetched first, which outlives the bundle.
ALTER TABLE certificate ADD COLUMN fetched_at BIGINT;
CREATE INDEX certificate_by_issue ON certificate (created_at);
