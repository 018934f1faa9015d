DROP TABLE audit_head;
DROP INDEX audit_of_terminal;
DROP INDEX audit_of_tenant;
DROP INDEX audit_position;
ALTER TABLE audit_event DROP COLUMN hash;
ALTER TABLE audit_event DROP COLUMN position;
ALTER TABLE audit_event DROP COLUMN actor;
