DROP INDEX certificate_of_terminal;
CREATE INDEX certificate_of_terminal ON certificate (terminal_id, created_at, state, first_used_at);
