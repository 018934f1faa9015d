# Renewing, issuing and stopping
cancel = Cancel
back-to-certificate = Back to the certificate
prepare-again = Prepare it again

# Renewal
renew-title = Renew a certificate
renew-action = Renew the certificate
renew-question = Renew the certificate of { $terminal }? The present one can be used until a connection with the new one is confirmed.
renew-waiting = A certificate that was prepared before waits to be downloaded until { $until }. Its zip file and password will not work any more if you renew.
renew-button = OK (renew)
renew-in-progress-title = A renewal is under way

# What was prepared
prepared-title = The certificate is ready
prepared-lead = The new certificate of { $terminal } is ready. Note down the password, then download it.
prepared-download = Download
download-zip = Download (zip)
prepared-until-hours = It can be downloaded until { $until } ({ $hours } hours left).
prepared-until-minutes = It can be downloaded until { $until } ({ $minutes } minutes left).
prepared-passwords = Password
prepared-once = The password is shown this once. Note it down before you close this page.
prepared-opens = It opens the certificate (.p12) and the private key (.key). It has no characters that look alike (0, o, 1, l).
prepared-next = What to do next
prepared-next-1 = Unpack the zip file and set up the terminal as 手順.txt (in Japanese) says.
prepared-next-2 = Connect from the terminal once. The new certificate takes over when the connection is confirmed.
prepared-next-3 = Delete the zip file that you downloaded.
prepared-again = If you lose the password, prepare it again. The zip file and the password of this page will not work any more.
bundle-waiting-title = A certificate that waits to be downloaded
bundle-waiting = { $until } Download it from the page on which it was prepared. If you have closed that page or lost the password, prepare it again.
bundle-gone-title = It cannot be downloaded
bundle-gone = Its time is over, or the new certificate is in use, or it was prepared again: this zip file is gone. Prepare it again if you need it.

# Why no certificate is issued
refused-stopped = This terminal is stopped, so its certificate cannot be renewed. If the terminal stays in use, undo the stop first.
refused-kind = Certificates of this kind are not renewable. Issue a client… certificate instead and set up the terminal with it.
refused-unknown-kind = Common names of this kind are not known to the service, so no certificate can be issued. Ask the service's operator.
refused-suspended = The service is suspended for this organisation, so no certificate can be issued. Check its contract.
refused-issuer = The issuing CA ends too soon, so no certificate can be issued. Ask the service's operator.
refused-in-progress = Another administrator or the terminal itself is renewing this certificate. Wait a little, then look at the certificate's history.
refused-too-often = Too many certificates of this terminal were issued in 24 hours and not used, so none can be issued now. Use the one that was prepared, or try again later.
refused-still-good = The present certificate can be used until { $until }.

# What happened, in the history
event-bundle-downloaded = An administrator downloaded the certificate
event-terminal-added = The terminal was added
