DROP INDEX tenant_by_name;
ALTER TABLE tenant DROP COLUMN search_text;
ALTER TABLE tenant DROP COLUMN preferred_hours;
