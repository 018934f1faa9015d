-- What is not about a certificate has no place in the table of before.
DELETE FROM outbox WHERE serial IS NULL;
-- Nor have two organisations with one address.
DELETE FROM outbox AS later USING outbox AS earlier
WHERE later.id > earlier.id AND later.subject = earlier.subject AND later.notice = earlier.notice
    AND later.channel = earlier.channel AND later.recipient = earlier.recipient;
DROP INDEX outbox_of_certificate;
ALTER TABLE outbox DROP COLUMN subject;
ALTER TABLE outbox DROP COLUMN about;
ALTER TABLE outbox DROP COLUMN facts;
ALTER TABLE outbox DROP COLUMN sealed;
ALTER TABLE outbox DROP COLUMN mark;
ALTER TABLE outbox ALTER COLUMN serial SET NOT NULL;
ALTER TABLE outbox ADD UNIQUE (serial, notice, channel, recipient);
