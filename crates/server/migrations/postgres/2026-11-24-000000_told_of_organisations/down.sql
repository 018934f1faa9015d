DROP TRIGGER outbox_about_certificate ON outbox;
DROP FUNCTION name_certificate_tenant();
DROP INDEX outbox_told_before;
DROP INDEX outbox_told_of_tenant;
ALTER TABLE outbox DROP COLUMN certificate_tenant;
