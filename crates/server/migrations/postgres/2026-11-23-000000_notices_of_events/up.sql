-- Notices of what happens, beside those of a certificate's end. The key is no longer the
-- certificate but the subject, whatever it is.
--
-- A program of the version before inserts and reads rows with a serial, as it always did,
-- and sees nothing of the others: it joins them with certificates.
ALTER TABLE outbox ALTER COLUMN serial DROP NOT NULL;
-- What it is about, if not a certificate: recovery-code:17, mass-revocation:3, invitation:HASH.
ALTER TABLE outbox ADD COLUMN about TEXT;
ALTER TABLE outbox ADD COLUMN subject TEXT NOT NULL
    GENERATED ALWAYS AS (COALESCE('certificate:' || serial, about)) STORED;
-- What has happened, JSON, without any secret; none for the end of a certificate.
ALTER TABLE outbox ADD COLUMN facts TEXT;
-- A link that only the recipient may read, sealed; erased when the delivery has ended.
ALTER TABLE outbox ADD COLUMN sealed BYTEA;
-- By it, returned mail names the delivery: strangers do not know it. None where a program of the
-- version before has named it by the serial.
ALTER TABLE outbox ADD COLUMN mark TEXT;
ALTER TABLE outbox ADD CHECK ((serial IS NULL) <> (about IS NULL));
ALTER TABLE outbox DROP CONSTRAINT outbox_serial_notice_channel_recipient_key;
ALTER TABLE outbox ADD UNIQUE (subject, notice, channel, recipient, tenant_id);
-- For the deliveries planned for certificates that end.
CREATE INDEX outbox_of_certificate ON outbox (serial);
