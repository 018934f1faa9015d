# Recovery codes
