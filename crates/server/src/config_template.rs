//! The commented configuration that `init` writes.

/// What `init` fills in.
pub struct Answers<'a> {
    /// Host under which terminals reach the server.
    pub host: &'a str,
    /// Address and port to listen on.
    pub listen: &'a str,
    /// PostgreSQL, if not the embedded database.
    pub database_url: Option<&'a str>,
    /// Whether this is a demonstration.
    pub demo: bool,
}

/// What one connection or request may take.
const LIMITS: &str = "[limits]
# connections = 20000        # at a time
# handshake_seconds = 10     # for the TLS handshake
# header_seconds = 30        # for the head of a request
# idle_seconds = 60          # for a connection without a request
# request_seconds = 60       # for a request from its head to its answer
# body_bytes = 65536         # of a request
# stop_seconds = 20          # for open requests when the server stops
# waiting_renewals = 256     # beyond it: 503 with Retry-After
";

/// Keys made before they are needed.
const KEYS: &str = "[keys]
# RSA keys for POST /api/cert, made in idle time and kept in memory, of each kind that a service needs; 0 for none.
# As many renewals go at once without waiting for a key: docs/server.md says how to choose.
# pool = 512
";

/// How notices leave the house.
const NOTICES: &str = r#"[mail]
# The server that mails notices when certificates near their end. Try it: koshin-server notices test --to ADDRESS
# server = "smtp.example.jp"
# encryption = "tls"         # from the first byte; or "starttls"; or "none", for a relay on this machine
# port = 465                 # if not the usual one: 465 for tls, 587 for starttls, 25 for none
# user = "koshin"
# password = "the mail server's"
# from = "証明書のお知らせ <koshin@example.jp>"
# bounces = "koshin-bounces@example.jp"     # where undeliverable mail comes back to: docs/notices.md
# ca_file = "/etc/koshin/mail-ca.pem"      # trusted instead of the system's CAs

[webhook]
# Whether webhooks may reach private addresses (10.0.0.0/8 …), and this machine by http. Who may set a webhook could
# then aim it at what only this server can reach.
# private_addresses = false
# ca_file = "/etc/koshin/webhook-ca.pem"   # trusted instead of the system's CAs
"#;

/// Where the server tells how it is.
const METRICS: &str = r#"# Metrics for Prometheus and health for balancers: docs/metrics.md. Plain HTTP: for this machine or a private network.
# [metrics]
# listen = "127.0.0.1:9464"
# public = true              # without it, an address that others may reach is refused
"#;

/// The text of `koshin-server.toml`.
pub fn render(answers: &Answers<'_>) -> String {
    let Answers { host, listen, database_url, demo } = answers;
    let database = match database_url {
        Some(url) => format!("database_url = {}", toml::Value::from(*url)),
        None => "# database_url = \"postgres://koshin@db.example/koshin\"".to_owned(),
    };
    let (window, note) = if *demo {
        (1200, "a demonstration: every certificate of three years is renewable")
    } else {
        (93, "three calendar months, the widest window of today's applications")
    };
    let host = toml::Value::from(*host);
    format!(
        r#"# The configuration of koshin-server. After a change: systemctl restart, or stop and start.
# (SIGHUP reloads the certificates under tls/ and ca/ only.)

# Host name or address under which the terminals reach this server.
host = {host}
# Address and port to listen on.
listen = "{listen}"
# Base of the addresses given to terminals, if it is not https://HOST:PORT (behind a balancer, say).
# public_url = "https://auth.example.jp"

# The records are in koshin.db beside this file, unless a PostgreSQL is named. Several servers may share one.
{database}

# The demonstration service under /rpc/, for trying terminals out. Never in production.
demo = {demo}

{LIMITS}
{KEYS}
[bundle]
# A PKCS#12 that is not fetched in this time is erased, and its certificate ends as never delivered.
# lifetime_seconds = 86400

# システム管理サイト, for administrators' browsers. Its certificate is tls/site.crt with tls/site.key: this CA
# makes one when there is none; put one there that browsers trust.
# [site]
# listen = "0.0.0.0:8444"
# hostname = "admin.example.jp"

{METRICS}
{NOTICES}
# One section a service. A tenant belongs to one of them: koshin-server tenant add ID --service default
[service.default]
name = "日レセクラウド"
# With whom its certificates are shown, for people to read: DNS names (xn--… for other letters), at most 20.
# hosts = ["weborca.cloud.example", "db.cloud.example:5432"]
# Renewable when at most so many days are left ({note}).
max_remaining_days = {window}
# validity_years = 3         # of new certificates
# add_remaining = false      # add the time that was left on the old one
# backdate_minutes = 5       # notBefore lies so far in the past, for slow clocks
# preferred_hours = "22:00-06:00"  # JST, for unattended renewal; empty for the whole day
# pkcs12 = "compatible"      # or "modern" (AES-256): Java before 8u301 and 11.0.12 cannot open that
# pkcs12_iterations = 10     # enough: the passwords have 130 random bits
# legacy_key = "rsa-2048"    # key made for POST /api/cert; or "p-256"
# unused_renewals_per_day = 200   # of one terminal
# kinds = [
#     {{ pattern = "client*", renewable = true }},
#     {{ pattern = "db*", renewable = true }},
#     {{ pattern = "api*", renewable = false }},
#     {{ pattern = "backup*", renewable = false }},
# ]
"#
    )
}
