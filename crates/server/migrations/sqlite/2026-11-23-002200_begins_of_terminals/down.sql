DROP TRIGGER terminal_shows_another;
ALTER TABLE terminal DROP COLUMN begins_at;
