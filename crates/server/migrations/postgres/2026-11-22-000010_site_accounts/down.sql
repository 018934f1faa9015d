DROP TABLE consent;
DROP TABLE sign_in_failure;
DROP TABLE site_session;
DROP TABLE enrolment;
DROP TABLE invitation;
DROP TABLE administrator;
ALTER TABLE tenant DROP COLUMN kind;
