-- Each renewal adds a row here and changes its state once: with the state in this index, the change touched the index
-- again. The second column finds the certificates of late.
DROP INDEX certificate_of_terminal;
CREATE INDEX certificate_of_terminal ON certificate (terminal_id, created_at);
