-- Events are written without a place in the chain; a job gives them one soon after, here.
-- An event pays for two indexes instead of four, and no writer waits for another.
-- A node of the release before must not write an event between the copy and the end.
LOCK TABLE audit_event, audit_head IN ACCESS EXCLUSIVE MODE;

CREATE TABLE audit_link (
    position    BIGINT  NOT NULL PRIMARY KEY,
    event_id    BIGINT  NOT NULL,
    hash        TEXT    NOT NULL
);
INSERT INTO audit_link (position, event_id, hash)
    SELECT position, id, hash FROM audit_event WHERE position IS NOT NULL ORDER BY position;
CREATE UNIQUE INDEX audit_link_of_event ON audit_link (event_id);

-- Every event up to the row `settled` has its place. On PostgreSQL rows appear out of their
-- order: up to `looked_to` the table was looked through when transactions from
-- `looked_before` on had not begun, and is settled when all before that have ended.
ALTER TABLE audit_head ADD COLUMN settled       BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_head ADD COLUMN looked_to     BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_head ADD COLUMN looked_before BIGINT NOT NULL DEFAULT 0;
UPDATE audit_head SET settled = (SELECT COALESCE(MAX(event_id), 0) FROM audit_link);

DROP INDEX audit_position;
DROP INDEX audit_of_certificate;
ALTER TABLE audit_event DROP COLUMN hash;
ALTER TABLE audit_event DROP COLUMN position;
