-- By whose account a certificate was prepared that waits to be carried to its terminal, so that
-- it ends with what allowed it. None for the command line and for bundles from before.
ALTER TABLE bundle ADD COLUMN issued_by BIGINT;
-- Whose consent allowed a code follows from the account that issued it.
ALTER TABLE recovery_code DROP COLUMN vendor;
