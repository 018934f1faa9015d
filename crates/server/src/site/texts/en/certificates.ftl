# Overview
overview-title = Overview
attention-heading = Terminals that need attention
attention-expiring = Ending within 60 days
attention-failed = Renewal failed
attention-unused = New certificate not in use
attention-list = Terminals to look at first
attention-none = No terminal needs anything now.
attention-more = Show { $count } more
attention-units = { $count }
expiries-heading = Ending week by week
expiries-chart = Columns: how many terminals' certificates end in each week. The numbers are in the table below.
expiries-none = No certificate ends in the next { $weeks } weeks.
expiries-table = Table of the numbers
expiries-week = Week from (Monday)
expiries-count = Terminals
reasons-heading = Why renewals failed (30 days)
reasons-none = No renewal failed in these 30 days.
reasons-reason = Reason
reasons-count = Terminals
funnel-heading = Progress of renewals (30 days)
funnel-none = There were no renewals in these 30 days.
funnel-step = Step
funnel-count = Terminals
funnel-notified = Told
funnel-issued = Issued
funnel-fetched = Fetched
funnel-confirmed = Connected

# Certificates
certificates-title = Certificates
certificates-search = Search terminal, place, CN or serial number
certificates-search-button = Search
certificates-filter = State
certificates-filter-all = All
certificates-clear = Clear
certificates-count =
    { $count ->
        [one] 1 certificate
       *[other] { $count } certificates
    }
certificates-count-more = More than { $count } certificates
counted-at = Numbers as of { $time }.
certificates-csv = Download CSV
certificates-none = There is no certificate yet.
certificates-none-found = No certificate fits. Search for a shorter word, or clear the conditions.
certificates-caption = Certificates
column-tenant = Clinic
column-terminal = Terminal
column-place = Place
column-cn = CN
column-serial = Serial number
column-state = State
column-until = Valid until
column-seen = Last connection
column-result = Last result
never = none
pager-label = Pages
pager-past = There is nothing on this page.
pager-first = First page
pager-previous = Previous
pager-next = Next
pager-position = Page { $page } of { $pages }
pager-position-open = Page { $page }
state-valid = Valid
state-due = Renewal due
state-soon = Ending soon
state-expired = Expired
state-failed = Renewal failed
state-unused = New one not in use
state-stopped = Stopped
state-none = No certificate
result-issued = Issued
result-fetched = Received by the terminal
result-handed-over = Handed over
result-started = First used
result-renewed = Renewed

# One certificate
certificate-title = Certificate
certificate-facts = The certificate
certificate-hosts = For connections to
certificate-from = Valid from
certificate-parent = Replaces
certificate-issuer = Issuer
certificate-door = Issued by way of
door-hand-over = an administrator
door-legacy = the renewal API
door-est = EST (key made on the terminal)
life-heading = Validity
life-chart = Bars of the certificates from { $from } to { $to }. The vertical line is today.
life-past = ended
life-current = in use
life-new = new, not in use
life-spent = Time that has passed
life-left = Time that is left
life-today = today
timeline-heading = History
timeline-none = Nothing is recorded yet.
back-to-list = Back to the certificates

# What happened, in the history
event-certificate-issued = A certificate was issued
event-certificate-renewed = Renewed: a new certificate was issued
event-certificate-confirmed = First connection with the new certificate
event-certificate-superseded = Replaced by another renewal before it was used
event-certificate-replaced = Ended, because the new certificate is in use
event-certificate-revoked = An administrator revoked the certificate
event-bundle-erased = Nobody fetched the certificate in time; it was withdrawn
event-foreign-bundle-requested = Asked for another terminal's certificate
event-renewal-refused = Could not be renewed
event-access-refused = Could not connect
event-superseded-certificate-seen = Connected with a certificate that had been replaced
event-terminal-renamed = Terminal or place was renamed
event-terminal-stopped = The terminal was stopped
event-stop-undone = The terminal was let in again
event-stop-final = The stop became final

