-- Which node does what only one shall do, until when by this database's clock (milliseconds
-- since 1970). SQLite has one process and no such table.
CREATE TABLE job_lease (
    name    TEXT    NOT NULL PRIMARY KEY,
    holder  TEXT    NOT NULL,
    until   BIGINT  NOT NULL
);
