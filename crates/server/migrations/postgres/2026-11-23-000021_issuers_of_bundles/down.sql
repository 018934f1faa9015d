ALTER TABLE recovery_code ADD COLUMN vendor TEXT;
ALTER TABLE bundle DROP COLUMN issued_by;
