DROP TABLE service_policy;
