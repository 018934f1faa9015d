CREATE INDEX terminal_failing ON terminal (failing_since) WHERE failing_since IS NOT NULL;
CREATE INDEX terminal_unused ON terminal (unused_serial) WHERE unused_serial IS NOT NULL;
DROP INDEX terminal_at_rest;
DROP INDEX terminal_unused_by_end;
DROP INDEX terminal_failing_by_end;
