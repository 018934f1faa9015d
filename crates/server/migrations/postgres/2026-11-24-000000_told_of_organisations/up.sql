-- Of how many of an organisation's certificates somebody was told is asked with each look at its overview: all its
-- terminals' certificates were read for it, those of former years too. Whose certificate a notice is about stands in its
-- row now, kept by the trigger, whichever release's program adds the row. Rows from before are not filled in here, where
-- every notice would wait for it: those of the last days are looked up by the second index, among the notices of all
-- organisations. A month after the upgrade none of them is asked for any more.
ALTER TABLE outbox ADD COLUMN certificate_tenant TEXT;
CREATE INDEX outbox_told_of_tenant ON outbox (certificate_tenant, ended_at, serial) WHERE state = 'sent';
CREATE INDEX outbox_told_before ON outbox (ended_at, serial)
    WHERE state = 'sent' AND serial IS NOT NULL AND certificate_tenant IS NULL;
CREATE FUNCTION name_certificate_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.certificate_tenant := (
        SELECT terminal.tenant_id FROM certificate INNER JOIN terminal ON terminal.id = certificate.terminal_id
        WHERE certificate.serial = NEW.serial);
    RETURN NEW;
END
$$;
CREATE TRIGGER outbox_about_certificate BEFORE INSERT ON outbox
    FOR EACH ROW WHEN (NEW.serial IS NOT NULL) EXECUTE FUNCTION name_certificate_tenant();
