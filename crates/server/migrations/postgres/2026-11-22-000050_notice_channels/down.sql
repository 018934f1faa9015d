DROP TABLE notice_tryout;
ALTER TABLE notice_settings DROP COLUMN language;
ALTER TABLE notice_settings DROP COLUMN administrators;
ALTER TABLE notice_settings DROP COLUMN mail;
ALTER TABLE notice_settings DROP COLUMN webhook_sealed;
ALTER TABLE notice_settings ADD COLUMN webhook_secret TEXT;
