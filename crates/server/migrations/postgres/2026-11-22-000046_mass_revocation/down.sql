DROP TABLE mass_revocation_item;
DROP TABLE mass_revocation;
