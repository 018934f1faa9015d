-- With whom a service's certificates are shown: hosts with a space between them. What is empty
-- is as the configuration's file says.
ALTER TABLE service_policy ADD COLUMN hosts TEXT;
