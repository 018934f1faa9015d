-- terminal.last_result said `renewed` of every certificate that was issued. Now it says how far that has come.
UPDATE terminal SET last_result = 'issued' WHERE last_result = 'renewed' AND unused_serial IS NOT NULL;
UPDATE terminal SET last_result = 'fetched' WHERE last_result = 'issued' AND EXISTS (
    SELECT 1 FROM bundle
    WHERE bundle.serial = terminal.unused_serial AND bundle.fetched_at IS NOT NULL AND bundle.set_hash IS NULL);
UPDATE terminal SET last_result = 'handed-over' WHERE last_result = 'issued' AND EXISTS (
    SELECT 1 FROM bundle
    WHERE bundle.serial = terminal.unused_serial AND bundle.fetched_at IS NOT NULL AND bundle.set_hash IS NOT NULL);
UPDATE terminal SET last_result = 'started' WHERE last_result = 'renewed' AND (
    SELECT COUNT(*) FROM certificate
    WHERE certificate.terminal_id = terminal.id AND certificate.first_used_at IS NOT NULL) < 2;
