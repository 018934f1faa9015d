# Administration API
