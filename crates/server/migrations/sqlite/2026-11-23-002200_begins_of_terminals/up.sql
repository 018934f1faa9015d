-- From when the certificate that a terminal shows is valid stands beside its end: a page of fifty terminals looked up fifty
-- certificates for it. The trigger keeps it, whichever release's program changes the certificate. Terminals that show the
-- same one since before are not filled in here, where every start would wait for it: theirs is looked up until they
-- show another.
ALTER TABLE terminal ADD COLUMN begins_at BIGINT;
CREATE TRIGGER terminal_shows_another AFTER UPDATE OF current_serial ON terminal BEGIN
    UPDATE terminal SET begins_at = (SELECT not_before FROM certificate WHERE serial = NEW.current_serial)
    WHERE id = NEW.id;
END;
