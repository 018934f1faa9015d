-- What operators changed of a service on the administration site. What is empty is as
-- the configuration's file says.
CREATE TABLE service_policy (
    service             TEXT    NOT NULL PRIMARY KEY,
    max_remaining_days  BIGINT,
    preferred_hours     TEXT,
    pkcs12              TEXT,
    pkcs12_iterations   BIGINT,
    legacy_key          TEXT,
    changed_at          BIGINT  NOT NULL,
    changed_by          TEXT    NOT NULL
);
