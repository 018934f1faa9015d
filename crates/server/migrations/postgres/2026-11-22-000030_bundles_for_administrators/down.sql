ALTER TABLE bundle DROP COLUMN ca_chain;
ALTER TABLE bundle DROP COLUMN private_key;
DROP INDEX bundle_set;
ALTER TABLE bundle DROP COLUMN set_hash;
