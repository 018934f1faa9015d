DROP TRIGGER outbox_about_certificate;
DROP INDEX outbox_told_before;
DROP INDEX outbox_told_of_tenant;
ALTER TABLE outbox DROP COLUMN certificate_tenant;
