DROP TRIGGER terminal_shows_another ON terminal;
DROP FUNCTION show_begin();
ALTER TABLE terminal DROP COLUMN begins_at;
