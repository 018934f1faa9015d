-- Bundles that an administrator downloads and carries to the terminal. Those that terminals
-- fetch themselves have none of these columns.
-- SHA-256 of the token under which one or several are downloaded together, hex.
ALTER TABLE bundle ADD COLUMN set_hash TEXT;
CREATE INDEX bundle_set ON bundle (set_hash);
-- Encrypted PKCS#8, PEM, under the password of the PKCS#12.
ALTER TABLE bundle ADD COLUMN private_key TEXT;
-- The root, then the issuing CA, PEM.
ALTER TABLE bundle ADD COLUMN ca_chain TEXT;
