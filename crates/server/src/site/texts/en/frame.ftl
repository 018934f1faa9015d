# The words of the administration site, in the order of its pages.

site-name = Administration site
skip-to-content = Skip to content
language-other = 日本語
nav-label = Main menu
nav-overview = Overview
nav-certificates = Certificates
sign-out = Sign out
signed-in-as = { $name }
role-clinic = Clinic administrator
role-vendor = Support vendor
role-operator = Operator
back-to-entrance = Back to the entrance
required = required
copy = Copy
copy-done = Copied
copy-failed = It could not be copied. Press Ctrl+C (⌘C on a Mac) to copy the selected text.

days-left =
    { $days ->
        [one] 1 day left
       *[other] { $days } days left
    }
days-today = ends today
days-ended-today = ended today
days-ago =
    { $days ->
        [one] ended 1 day ago
       *[other] ended { $days } days ago
    }

# Entrance
entrance-title = Sign in
confirmed-terminal = Confirmed terminal: { $terminal } (until { $until })
confirmed-hint = The certificate that this browser presented is good.
login-name = Login name
login-password = Password
login-button = Sign in
login-forgot = If you forgot your password, ask another administrator of your clinic or company, or the operator of the service, to set a new one.
login-wrong = The login name or the password is wrong. Check capital and small letters, and enter both again.
login-locked = There were too many wrong attempts. You can sign in again after { $until }.
code-title = Enter the code
code-lead = Enter the six digits that your authenticator app shows.
code-label = Code (6 digits)
code-button = Confirm
code-wrong = The code is wrong. Enter the digits that the app shows now; each can be used once. If it stays wrong, check the clock of your phone.
code-again = Sign in from the beginning
session-ended-idle = You were signed out because nothing was done for 30 minutes. Please sign in again.
session-ended-too-old = You were signed out 12 hours after you signed in. Please sign in again.
session-ended-unfinished = Signing in was given up 10 minutes after the password was entered. Please begin again with the password.
session-ended-other-certificate = Another certificate was chosen than the one you signed in with. To go on, sign in again with this one.
session-ended-certificate-ended = You were signed out because the certificate that you signed in with is good no more. Please sign in again with the present one.
session-ended-account-disabled = You were signed out because your account was disabled. If you need it, ask another administrator.
session-ended-signed-out = You signed out on another page. To go on, sign in again.
session-ended-credentials-changed = You were signed out because the password or the way to confirm a sign-in was changed on another page. If that was not you, tell another administrator at once.
session-ended-unknown = Your last session has ended. Please sign in again.
signed-out = You are signed out.

# What can be wrong with a certificate
trouble-heading = You cannot sign in like this
trouble-what-to-do = What to do
trouble-vendor = If this does not help, tell your support vendor the title of this page.
trouble-none-title = No certificate was chosen
trouble-none-why = This site opens only on terminals that have a certificate, and your browser sent none. Either “Cancel” was chosen when it asked for a certificate, or there is none on this computer.
trouble-none-do-1 = Close every window of the browser.
trouble-none-do-2 = Start the browser again and open this page.
trouble-none-do-3 = When it asks you to select a certificate, choose the one that begins with “client”, then OK.
trouble-none-picture = Picture of the browser asking for a certificate: choose the line that begins with client, then OK
trouble-none-more = If the browser does not ask, there is no certificate on this computer, or it has expired: browsers do not offer expired certificates. If the certificate file (.p12) has not been imported yet, import it into the browser or the system. If it has expired, ask an administrator at another terminal or your vendor to renew it or to issue a recovery code.
picker-title = Select a certificate
picker-cancel = Cancel
trouble-foreign-title = This certificate cannot be used here
trouble-foreign-why = The certificate that your browser chose was not issued by this service.
trouble-foreign-do-1 = Close every window of the browser.
trouble-foreign-do-2 = Open this page again and choose the certificate of this service that begins with “client”.
trouble-foreign-do-3 = If it is not in the list, import the certificate file (.p12) on this computer.
trouble-expired-title = The certificate has expired
trouble-expired-why = This site cannot be used with a certificate that has expired.
trouble-expired-do-1 = If another terminal has a valid certificate, open this site there and renew this terminal's certificate.
trouble-expired-do-2 = If none has, ask your administrator or support vendor for a recovery code.
trouble-expired-do-3 = After importing the new certificate, close every window of the browser and open this page again.
trouble-revoked-title = This certificate has been stopped
trouble-revoked-why = An administrator stopped this terminal's certificate, or it ended without having been used.
trouble-revoked-do-1 = Ask your administrator why it was stopped.
trouble-revoked-do-2 = If the terminal was not lost or stolen and stays in use, ask for a new certificate.
trouble-revoked-do-3 = After importing the new certificate, close every window of the browser and open this page again.
trouble-superseded-title = A newer certificate has replaced this one
trouble-superseded-why = This certificate has been renewed and cannot be used any more.
trouble-superseded-do-1 = Close every window of the browser.
trouble-superseded-do-2 = Open this page again and choose the certificate with the latest end date.
trouble-superseded-do-3 = If it is not in the list, import the certificate file (.p12) of the renewal.
trouble-not-yet-title = This certificate cannot be used yet
trouble-not-yet-why = Its period of validity has not begun.
trouble-not-yet-do-1 = Open this page again when it has begun.
trouble-not-yet-do-2 = If you have another certificate, close every window of the browser and choose that one.
trouble-not-yet-do-3 = If the certificate was issued just now, tell your support vendor.
trouble-suspended-title = The service is suspended
trouble-suspended-why = The service is suspended for this clinic or company.
trouble-suspended-do-1 = Ask the person in charge of the contract.
trouble-suspended-do-2 = If nobody knows why, contact your support vendor or the service desk.
trouble-suspended-do-3 = Open this page again when the service has resumed.

# Invitation
invitation-title = Set up your account
invitation-lead = You become an administrator of { $tenant }. This link works once, until { $until }.
invitation-login-hint = Letters, digits and . _ - may be used.
invitation-name = Full name
invitation-email = E-mail address
invitation-email-hint = Notices of expiry are sent there.
invitation-password-hint = At least 12 characters. A few words in a row are long and still easy to type.
invitation-password-again = Password (once more, to be sure)
invitation-button = Continue
invitation-totp-title = Set up the authenticator app
invitation-totp-lead = Scan this code with an authenticator app on your phone (Google Authenticator, Microsoft Authenticator, …).
invitation-qr = QR code for the authenticator app
invitation-secret = If it cannot be scanned, type these characters into the app.
invitation-secret-once = This code is shown only this once.
invitation-finish = Finish
invitation-done = Your account is ready. Sign in with the login name and password that you chose.
invitation-gone-title = This link cannot be used
invitation-gone = It has expired or was used, or it was opened on a terminal of another clinic or company. Ask the person who invited you for a new one.
invitation-login-invalid = The login name must have 3 to 64 letters, digits or . _ -
invitation-login-taken = That login name is taken. Choose another one.
invitation-email-invalid = That is not an e-mail address. Check what stands before and after the @.
invitation-name-invalid = Enter your name.
invitation-password-short = The password must have 12 to 128 characters.
invitation-password-common = That password is easy to guess. Choose another one with at least 5 different characters.
invitation-password-names = A password may not contain the login, the person's name, or the organisation's name or ID. Choose another one.
invitation-passwords-differ = The two passwords differ. Enter them again.

# What did not work
error-title = This page could not be shown
error-not-found-title = Page not found
error-not-found = The address is wrong, or the page has gone. Use the menu.
error-forbidden-title = You may not see this page
error-forbidden = Your role ({ $role }) may not use this page. Ask your administrator if you need it.
error-form-title = This was not sent
error-form = The page was opened too long ago, or another site sent the form. Open the page again and send it once more. Nothing was changed.
error-method = This cannot be done here. Use the menu.
error-host = The site cannot be used under this address. Use the address that you were given.
error-too-large = What was sent is too large.
error-busy-title = Too busy
error-busy = The server is busy. Please wait a little and open the page again.
error-internal-title = Something unexpected went wrong
error-internal = Please try again later. If it goes on, tell your support vendor this number.
error-number = Number: { $number }
