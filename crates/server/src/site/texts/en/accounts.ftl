# Accounts, administrators, consents, history
