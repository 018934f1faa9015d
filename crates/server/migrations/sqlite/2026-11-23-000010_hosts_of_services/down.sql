ALTER TABLE service_policy DROP COLUMN hosts;
