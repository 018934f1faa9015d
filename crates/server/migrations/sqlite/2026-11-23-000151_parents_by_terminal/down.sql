CREATE INDEX certificate_of_parent ON certificate (parent);
