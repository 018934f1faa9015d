-- What was renewed from a certificate is found among its terminal's certificates. The index of parents was 38 bytes a
-- certificate, and a page somewhere in it for each renewal. (No row is ever deleted that others name as their parent.)
DROP INDEX certificate_of_parent;
