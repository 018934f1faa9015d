DROP TABLE audit_event;
DROP TABLE bundle;
DROP TABLE certificate;
DROP TABLE terminal;
DROP TABLE tenant;
