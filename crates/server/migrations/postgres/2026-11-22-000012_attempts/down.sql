DROP TABLE renewal_attempt;
