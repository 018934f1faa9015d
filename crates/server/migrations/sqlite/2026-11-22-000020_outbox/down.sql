DROP TABLE outbox;
DROP TABLE notice_recipient;
DROP TABLE notice_settings;
