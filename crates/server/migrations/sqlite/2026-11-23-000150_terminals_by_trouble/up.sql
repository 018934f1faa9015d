-- Lists of the terminals that fail, whose certificate waits for its first use, or that are at rest: few of very many,
-- by their ends, so that the first page of each is read and not sorted. The conditions stand in the same words in
-- store/in_state.rs. The former indexes had the columns only that their names say.
-- Dropped first: to lock the table more in the middle would be to wait for others who wait for it.
DROP INDEX terminal_failing;
DROP INDEX terminal_unused;
CREATE INDEX terminal_failing_by_end ON terminal (expires_at, id) WHERE failing_since IS NOT NULL;
CREATE INDEX terminal_unused_by_end ON terminal (expires_at, id) WHERE unused_serial IS NOT NULL;
CREATE INDEX terminal_at_rest ON terminal (expires_at, id)
    WHERE stopped_at IS NOT NULL OR current_state NOT IN ('in_use', 'issued');
