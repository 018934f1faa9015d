DROP INDEX outbox_sent;
DROP TABLE notice_bounce;
