ALTER TABLE recovery_code DROP COLUMN vendor;
ALTER TABLE recovery_code DROP COLUMN issued_by;
