ALTER TABLE audit_event ADD COLUMN position BIGINT;
ALTER TABLE audit_event ADD COLUMN hash TEXT;
UPDATE audit_event SET position = (SELECT position FROM audit_link WHERE event_id = audit_event.id),
                       hash = (SELECT hash FROM audit_link WHERE event_id = audit_event.id);
CREATE INDEX audit_of_certificate ON audit_event (serial, at);
CREATE UNIQUE INDEX audit_position ON audit_event (position);
ALTER TABLE audit_head DROP COLUMN looked_before;
ALTER TABLE audit_head DROP COLUMN looked_to;
ALTER TABLE audit_head DROP COLUMN settled;
DROP TABLE audit_link;
