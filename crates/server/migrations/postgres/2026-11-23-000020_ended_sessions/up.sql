-- Why a session has ended, for a day: who still believes in it is told.
CREATE TABLE ended_session (
    id_hash   TEXT   NOT NULL PRIMARY KEY,
    reason    TEXT   NOT NULL,
    ended_at  BIGINT NOT NULL
);
CREATE INDEX ended_session_by_time ON ended_session (ended_at);
