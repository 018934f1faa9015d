-- Lists and searches of an organisation look at each of its terminals. In the order in which they were made, which is
-- that of their rows, neighbours are found by stepping on; in the order of their ends each was a search from the root of
-- the table, one page deeper with 100,000 terminals than with 1,000. Renewals do not touch this index. (PostgreSQL sorts
-- by place what it looks at.)
CREATE INDEX terminal_of_tenant ON terminal (tenant_id);
-- Which of an organisation's certificates end soon is counted without looking at the terminals themselves.
DROP INDEX terminal_of_tenant_by_end;
CREATE INDEX terminal_of_tenant_by_end ON terminal (tenant_id, expires_at, id, stopped_at, current_state);
