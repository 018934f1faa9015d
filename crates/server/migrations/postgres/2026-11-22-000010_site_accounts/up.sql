-- Who may use the administration site. Tokens are kept as SHA-256, hex; second factors
-- sealed with the key in the server's directory.

-- clinic, vendor or operator: what the tenant's administrators may do.
ALTER TABLE tenant ADD COLUMN kind TEXT NOT NULL DEFAULT 'clinic';

CREATE TABLE administrator (
    id              BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id       TEXT    NOT NULL REFERENCES tenant (id),
    -- Folded: lower case, one width.
    login           TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    mail            TEXT    NOT NULL,
    password_hash   TEXT    NOT NULL,
    totp_sealed     BYTEA  NOT NULL,
    -- The step of the last code that was accepted: no code is good twice.
    totp_last_step  BIGINT  NOT NULL,
    state           TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    signed_in_at    BIGINT,
    disabled_at     BIGINT,
    UNIQUE (tenant_id, login)
);

CREATE TABLE invitation (
    token_hash      TEXT    NOT NULL PRIMARY KEY,
    tenant_id       TEXT    NOT NULL REFERENCES tenant (id),
    mail            TEXT    NOT NULL,
    invited_by      BIGINT  REFERENCES administrator (id),
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    used_at         BIGINT
);
CREATE INDEX invitation_end ON invitation (expires_at);

-- What an invited person has entered, until the first code proves the second factor.
CREATE TABLE enrolment (
    token_hash      TEXT    NOT NULL PRIMARY KEY REFERENCES invitation (token_hash) ON DELETE CASCADE,
    login           TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    password_hash   TEXT    NOT NULL,
    totp_sealed     BYTEA  NOT NULL
);

CREATE TABLE site_session (
    id_hash             TEXT    NOT NULL PRIMARY KEY,
    administrator_id    BIGINT  NOT NULL REFERENCES administrator (id),
    certificate_serial  TEXT    NOT NULL REFERENCES certificate (serial),
    csrf                TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL,
    last_seen_at        BIGINT  NOT NULL,
    -- Empty while only the password was right.
    second_factor_at    BIGINT
);
CREATE INDEX site_session_of_administrator ON site_session (administrator_id);
CREATE INDEX site_session_age ON site_session (created_at);

-- Wrong passwords and codes, by a hash of the account's name or of the certificate: also
-- for accounts that do not exist, so that nobody learns which do.
CREATE TABLE sign_in_failure (
    subject         TEXT    NOT NULL PRIMARY KEY,
    failures        BIGINT  NOT NULL,
    last_failed_at  BIGINT  NOT NULL,
    locked_until    BIGINT
);
CREATE INDEX sign_in_failure_age ON sign_in_failure (last_failed_at);

-- A clinic lets a vendor look after its terminals.
CREATE TABLE consent (
    id              BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinic          TEXT    NOT NULL REFERENCES tenant (id),
    vendor          TEXT    NOT NULL REFERENCES tenant (id),
    granted_by      BIGINT  NOT NULL REFERENCES administrator (id),
    granted_at      BIGINT  NOT NULL,
    withdrawn_at    BIGINT
);
CREATE UNIQUE INDEX one_consent ON consent (clinic, vendor) WHERE withdrawn_at IS NULL;
CREATE INDEX consent_of_vendor ON consent (vendor, clinic);
