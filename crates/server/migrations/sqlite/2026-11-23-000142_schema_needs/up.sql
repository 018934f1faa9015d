-- Which migration a program must know to work with this database: see docs/upgrading.md.
-- Changed by migrations that take away what earlier releases use, and by nothing else.
CREATE TABLE schema_needs (
    id          BIGINT  NOT NULL PRIMARY KEY,
    migration   TEXT    NOT NULL
);
INSERT INTO schema_needs (id, migration) VALUES (1, '20261123000142');
