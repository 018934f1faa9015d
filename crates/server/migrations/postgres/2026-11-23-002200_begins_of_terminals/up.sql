-- From when the certificate that a terminal shows is valid stands beside its end: a page of fifty terminals looked up fifty
-- certificates for it. The trigger keeps it, whichever release's program changes the certificate. Terminals that show the
-- same one since before are not filled in here, which would lock them all for as long as it takes: theirs is looked up
-- until they show another.
ALTER TABLE terminal ADD COLUMN begins_at BIGINT;
CREATE FUNCTION show_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.begins_at := (SELECT not_before FROM certificate WHERE serial = NEW.current_serial);
    RETURN NEW;
END
$$;
CREATE TRIGGER terminal_shows_another BEFORE UPDATE OF current_serial ON terminal
    FOR EACH ROW EXECUTE FUNCTION show_begin();
