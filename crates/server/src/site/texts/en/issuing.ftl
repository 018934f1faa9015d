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
prepared-hosts = For which connections each certificate is, its 手順.txt says.
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
refused-stopped = This terminal is stopped, so its certificate cannot be renewed. If the terminal stays in use, undo the stop first, which is possible for 24 hours. After that, issue a new certificate with another common name.
refused-kind = Certificates of this kind are not renewable. Issue a client… certificate instead and set up the terminal with it.
refused-unknown-kind = Common names of this kind are not known to the service, so no certificate can be issued. Ask the service's operator.
refused-suspended = The service is suspended for this organisation, so no certificate can be issued. Check its contract.
refused-issuer = The issuing CA ends too soon, so no certificate can be issued. Ask the service's operator.
refused-in-progress = Another administrator or the terminal itself is renewing this certificate. Wait a little, then look at the certificate's history.
refused-too-often = Too many certificates of this terminal were issued in 24 hours and not used, so none can be issued now. Use the one that was prepared, or try again later.
refused-busy = The server has too much to do, so no certificate was prepared for this terminal. Renew this terminal again in a little while.
refused-still-good = The present certificate can be used until { $until }.

# What happened, in the history
event-bundle-downloaded = An administrator downloaded the certificate
event-terminal-added = The terminal was added

# The list as CSV
column-left = Days left

# Several at once
selection-title = Renew several certificates
selection-column = Choose
selection-choose = Choose { $terminal }
selection-action = Renew the chosen certificates
selection-hint = Up to 50 at a time.
selection-question = Renew the certificates of these terminals ({ $count })? The present ones can be used until a connection with the new ones is confirmed.
selection-waiting = A certificate that was prepared before waits to be downloaded until { $until }. Its zip file and password will not work any more if you renew.
selection-none = No terminal was chosen. Choose terminals in the list, then “Renew the chosen certificates”.
selection-too-many = Too many terminals were chosen. { $most } can be renewed at a time. Choose again in the list.
selection-all-refused = None of the chosen terminals has a certificate that can be renewed.
selection-left-out = Terminals that are not renewed
prepared-lead-many = The new certificates ({ $count }) are ready. Note down the passwords, then download them. The zip file has a folder for each terminal.
bundle-gone-many = Its time is over, or all its certificates are in use, or they were prepared again: this zip file is gone. Choose them in the list again if you need it.

# A first certificate
first-action = Issue a new one
first-title = Issue a new certificate
first-lead = This adds a terminal and issues its certificate. Renew the certificate of a terminal that is known already from the list.
first-tenant = Identifier of the organisation
first-tenant-hint = The letters and digits that are O (organization) in its certificates.
first-tenant-choose = Choose one
first-tenant-unknown = This organisation was not found. Choose another, or check the identifier.
first-cn-hint = Up to 64 letters, digits and . _ - are possible. Common names of this organisation: { $kinds }
first-cn-invalid = A common name has up to 64 letters, digits and . _ - and nothing else.
first-cn-kind = Common names of this kind cannot be issued. Begin with one of those that are possible.
first-cn-taken = A terminal of this common name is known already. Renew its certificate instead.
first-cn-taken-renew = Renew the certificate of that terminal
first-button = Issue the certificate

# Name and place
name-title = Name and place of a terminal
name-action = Rename the terminal
name-button = Save
label-hint = The name on pages and in notices, for example: Reception 1
label-invalid = Write a name of 1 to 64 characters.
place-hint = For example: ground floor, reception
place-invalid = Write a place of at most 64 characters.
done-renamed = Name and place are saved.

# Stopping
stop-title = Stop a terminal
stop-action = Stop the terminal
stop-question = Stop { $terminal }? From then on, nothing can be reached with this terminal's certificate.
stop-undo = It can be undone for 24 hours. After that the certificate is revoked for good.
stop-undo-by-others = An administrator of the clinic or the service's operator can undo it for 24 hours. After that the certificate is revoked for good.
stop-own = This is the terminal in front of you. Once it is stopped, it cannot open this site either, and you cannot undo it from here.
stop-button = OK (stop it)
stop-since = { $who } stopped the terminal at { $when }.{" "}
stop-since-unnamed = The terminal was stopped at { $when }.{" "}
stop-undo-until = It can be undone until { $until }.
stop-undo-until-by-others = An administrator of the clinic or the service's operator can undo it until { $until }.
stop-final = It can be undone no more: the certificate is revoked.
stop-undo-button = Undo the stop
done-stopped = The terminal is stopped.
done-undone = The stop is undone.
done-too-late = 24 hours are over, so the stop cannot be undone. If the terminal stays in use, issue a new certificate with another common name.

# Waiting to be downloaded
waiting = A new certificate waits to be downloaded. { $until }
waiting-fetched = A new certificate was downloaded and is not in use yet. { $until }
