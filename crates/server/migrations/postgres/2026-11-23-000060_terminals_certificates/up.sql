-- A terminal's certificates: how many were never used of late, and which are live, without
-- reading the rows, whose bytes are long. The same name: the former index had the first
-- column only.
DROP INDEX certificate_of_terminal;
CREATE INDEX certificate_of_terminal ON certificate (terminal_id, created_at, state, first_used_at);
