-- What accounts need after their set-up: reset links, passkeys, terminals that are known.

-- An invitation that lets an administrator choose password and second factor anew.
CREATE TABLE account_reset (
    token_hash        TEXT    NOT NULL PRIMARY KEY REFERENCES invitation (token_hash) ON DELETE CASCADE,
    administrator_id  BIGINT  NOT NULL REFERENCES administrator (id)
);
CREATE INDEX account_reset_of_administrator ON account_reset (administrator_id);

CREATE TABLE passkey (
    id                BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    administrator_id  BIGINT  NOT NULL REFERENCES administrator (id),
    -- base64url, as authenticators tell it.
    credential_id     TEXT    NOT NULL UNIQUE,
    name              TEXT    NOT NULL,
    -- Public key and counter, JSON. No secret.
    credential        TEXT    NOT NULL,
    created_at        BIGINT  NOT NULL,
    used_at           BIGINT
);
CREATE INDEX passkey_of_administrator ON passkey (administrator_id);

-- What the server must remember between the two halves of an exchange with an
-- authenticator, sealed. It ends with its session.
CREATE TABLE ceremony (
    id_hash     TEXT    NOT NULL REFERENCES site_session (id_hash) ON DELETE CASCADE,
    purpose     TEXT    NOT NULL,
    state       BYTEA   NOT NULL,
    expires_at  BIGINT  NOT NULL,
    PRIMARY KEY (id_hash, purpose)
);

-- Where an administrator has signed in: failures elsewhere do not lock the account there.
CREATE TABLE known_terminal (
    administrator_id  BIGINT  NOT NULL REFERENCES administrator (id),
    common_name       TEXT    NOT NULL,
    signed_in_at      BIGINT  NOT NULL,
    PRIMARY KEY (administrator_id, common_name)
);
