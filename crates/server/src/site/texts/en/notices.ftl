# Notices
nav-notices = Notices
notices-title = Notices
notice-cancel = Cancel
notice-once = It is shown this once only. Keep it before you leave the page.
notice-done-mail = The mail settings were saved.
notice-done-address = Notices go to the address again. Send a test mail to see that they arrive.
notice-done-webhook-removed = The webhook was removed.
notice-done-feed-closed = The calendar's address was revoked.
notice-other-heading = Notices of another organisation
notice-other-label = The organisation's ID
notice-other-button = Show

# Addresses that are not reached
bounced-heading = Addresses that are not reached
bounced-lead = Mail to these addresses came back, so nothing more is sent to them. Check that an address is right before you let notices go there again. If it is wrong, correct it under Mail below.
bounced-reason = The mail server's answer
bounced-restore = Send to this address again
overview-unreached = There are addresses that notices do not reach.
overview-unreached-link = Look at the notices of { $tenant } ({ $count })

# Channels
channels-heading = How notices reach you
channel-open = In use
channel-closed = Not in use
channel-mail-open = { $count ->
        [one] Sent to 1 address
       *[other] Sent to { $count } addresses
    }
channel-mail-impossible = This server cannot send mail yet
mail-heading = Mail
mail-impossible = No mail can be sent, because this server has no mail server. Ask the service's operator.
mail-on = Tell by mail when certificates near their end
mail-administrators = Send to all administrators
mail-no-administrators = There are no administrators.
mail-added = More addresses
mail-added-hint = One a line, at most 20. For another language than that of the others, write a space and en (English) or ja (Japanese) after the address.
mail-language = Language of notices
mail-unattended = The terminals renew by themselves: tell only when that failed
mail-save = Save the mail settings
webhook-heading = Webhook
webhook-lead = Notices are sent to a URL as signed JSON, for a vendor's monitoring, say.
webhook-url = URL to send to
webhook-url-hint = A URL that begins with https://. When it is saved, a new secret for checking signatures is shown.
webhook-save = Save the URL
webhook-secret = The webhook's secret
webhook-secret-hint = Put it into the receiver's settings. The signature (header koshin-signature) is checked with it.
webhook-secret-button = Make a new secret
webhook-remove-button = Remove the webhook
feed-heading = Calendar
feed-lead = The ends of certificates can be seen in calendar apps (Google Calendar, Outlook, iPhone).
feed-open-button = Make a calendar address
feed-renew-button = Make a new address
feed-close-button = Revoke the address
feed-address = The calendar's address
feed-address-hint = Paste it where your calendar app adds a calendar by URL. Whoever knows this address can see the ends.
confirm-webhook-secret-title = A new secret
confirm-webhook-secret = The present secret stops at once. Until the receiver has the new one, it will refuse notices.
confirm-webhook-remove-title = Removing the webhook
confirm-webhook-remove = Nothing more is sent to this URL, nor what still waits.
confirm-feed-renew-title = A new calendar address
confirm-feed-renew = The present address stops at once. Calendars that use it need the new one.
confirm-feed-close-title = Revoking the calendar address
confirm-feed-close = The present address stops at once. Calendars that use it are not updated any more.

# Tests
test-recipient = Address of the test mail
test-mail = Send a test mail
test-webhook = Send a test
tests-heading = Results of tests
tests-again = Show the result
test-waiting = Being sent
test-sent = Accepted
test-bounced = Refused
test-failed = Could not be sent

# When, and to whom
days-heading = When notices go out
days-lead = Notices are sent from 8:00 in the morning (JST), by the days to the end. They stop when the new certificate has been used.
days-day = From the end
days-clinic = Clinic
days-vendor = Vendor
days-operator = Operator
days-told = Told
days-not-told = Not told
notice-day-before = { $days ->
        [one] 1 day before
       *[other] { $days } days before
    }
notice-day-last = The last day
notice-day-after = { $days ->
        [one] 1 day after
       *[other] { $days } days after
    }

# What is told at once
told-heading = Notices that come at once
told-lead = When one of these happens, people are told without waiting for a day. Mail to administrators goes out whatever is set above, and cannot be switched off: nobody is to act in their name unseen.
told-recovery-code-issued = Recovery code issued
told-recovery-code-used = Recovery code used
told-recovery-closed = No recovery codes taken (to operators)
told-mass-revocation-proposed = Mass revocation proposed (to the other operators)
told-mass-revocation-done = Mass revocation
told-administrator-added = Administrator added
told-reset-link-issued = Reset link made
told-invitation = Invitation (to the invited person)

# What was sent
deliveries-heading = Latest notices
deliveries-none = There are no notices yet. They begin 60 days before the end.
delivery-when = When
delivery-notice = Notice
delivery-recipient = To
delivery-state = State
delivery-answer = Answer
delivery-reason = Reason
delivery-waiting = Waiting
delivery-sent = Sent
delivery-bounced = Came back
delivery-failed = Given up
delivery-stopped = Not needed any more
delivery-replaced = Replaced by the next

# What can be put right
notice-wrong-address = "{ $address }" cannot be used as a mail address. Write NAME@HOST in ASCII.
notice-wrong-too-many = There can be at most 20 addresses. Use a mailing list for more.
notice-wrong-url = This is no URL that can be used. Write one that begins with https://.
notice-wrong-url-password = A URL cannot have a user name or password. Leave them out.
notice-wrong-url-private = Private addresses cannot be sent to. Write a URL that can be reached from the internet.
notice-wrong-url-long = The URL is too long. Enter one of at most 1,000 characters.
notice-wrong-recipient = The address gets no notices. Save it among the addresses, and send again.
notice-wrong-tests = There can be 10 tests an hour. Try again later.
notice-wrong-no-webhook = There is no webhook. Save its URL, and send again.

# Events
event-notices-set = Notices were changed
event-webhook-set = The webhook was set
event-webhook-removed = The webhook was removed
event-feed-opened = A calendar address was made
event-feed-closed = The calendar address was revoked
event-notice-tested = A test was sent
event-address-bounced = Mail came back from an address
event-address-restored = An address gets mail again

