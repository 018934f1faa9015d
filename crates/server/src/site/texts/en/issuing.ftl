# Renewing, issuing and stopping
