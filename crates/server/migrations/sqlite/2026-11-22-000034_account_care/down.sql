DROP TABLE known_terminal;
DROP TABLE ceremony;
DROP TABLE passkey;
DROP TABLE account_reset;
