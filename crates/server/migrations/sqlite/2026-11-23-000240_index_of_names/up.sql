-- Pairs of letters of each terminal's and each tenant's names, for searches over everything: store/search.rs,
-- docs/decisions/0047. These tables hold no text, and which rows a pair is in, not where in them.
CREATE VIRTUAL TABLE terminal_pairs USING fts5 (pairs, content='', contentless_delete=1, detail=none, tokenize='ascii');
-- In how many terminals' names a pair is, or was: those that are in few are asked for.
CREATE TABLE terminal_pair_count (
    pair        INTEGER NOT NULL PRIMARY KEY,
    terminals   INTEGER NOT NULL
);
CREATE VIRTUAL TABLE tenant_pairs USING fts5 (pairs, content='', contentless_delete=1, detail=none, tokenize='ascii');
-- The rows of tenant_pairs have numbers, and tenants have none.
CREATE TABLE indexed_tenant (
    number      INTEGER NOT NULL PRIMARY KEY,
    tenant_id   TEXT    NOT NULL UNIQUE
);

-- Terminals that were made or named anew since they were indexed. Programs of earlier releases set name_key with each
-- change, this one when the names change. Rows may repeat themselves.
CREATE TABLE renamed_terminal (
    id          INTEGER NOT NULL PRIMARY KEY,
    terminal_id BIGINT  NOT NULL
);
CREATE TRIGGER terminal_made AFTER INSERT ON terminal BEGIN
    INSERT INTO renamed_terminal (terminal_id) VALUES (NEW.id);
END;
CREATE TRIGGER terminal_renamed AFTER UPDATE OF name_key ON terminal BEGIN
    INSERT INTO renamed_terminal (terminal_id) VALUES (NEW.id);
END;
INSERT INTO renamed_terminal (terminal_id) SELECT id FROM terminal ORDER BY id;

-- The same of tenants.
CREATE TABLE renamed_tenant (
    id          INTEGER NOT NULL PRIMARY KEY,
    tenant_id   TEXT    NOT NULL
);
CREATE TRIGGER tenant_made AFTER INSERT ON tenant BEGIN
    INSERT INTO renamed_tenant (tenant_id) VALUES (NEW.id);
END;
CREATE TRIGGER tenant_renamed AFTER UPDATE OF search_text ON tenant BEGIN
    INSERT INTO renamed_tenant (tenant_id) VALUES (NEW.id);
END;
INSERT INTO renamed_tenant (tenant_id) SELECT id FROM tenant ORDER BY id;
