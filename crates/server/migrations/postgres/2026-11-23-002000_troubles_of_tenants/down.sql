DROP INDEX terminal_unused_of_tenant;
DROP INDEX terminal_failing_of_tenant;
