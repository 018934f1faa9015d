-- HH:MM-HH:MM in which the tenant likes to be renewed; empty for its service's.
ALTER TABLE tenant ADD COLUMN preferred_hours TEXT;
-- Folded id and name, for searching.
ALTER TABLE tenant ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
CREATE INDEX tenant_by_name ON tenant (name, id);
