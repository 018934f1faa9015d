DROP TABLE recovery_attempt;
DROP TABLE recovery_code;
