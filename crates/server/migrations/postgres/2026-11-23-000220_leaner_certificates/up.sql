-- Each renewal adds a row here and changes it once. What was renewed from a certificate is found among its terminal's; and
-- with the state in its index, the change of the state touched the index again. Its second column finds those of late.
DROP INDEX certificate_of_parent;
DROP INDEX certificate_of_terminal;
CREATE INDEX certificate_of_terminal ON certificate (terminal_id, created_at);
