-- By whom a recovery code was issued, so that it ends with what allowed it.

-- The account; none for the command line and for codes from before.
ALTER TABLE recovery_code ADD COLUMN issued_by BIGINT;
-- The vendor's id, where the clinic's consent allowed it.
ALTER TABLE recovery_code ADD COLUMN vendor TEXT;
