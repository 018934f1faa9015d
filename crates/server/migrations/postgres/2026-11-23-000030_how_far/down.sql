UPDATE terminal SET last_result = 'renewed' WHERE last_result IN ('issued', 'fetched', 'handed-over', 'started');
