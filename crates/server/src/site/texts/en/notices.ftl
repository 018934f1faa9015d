# Notices
