//! Making a server's directory: root CA, issuing CA, the server's own certificate, the
//! configuration.

use crate::{
    authority::{Authority, AuthorityError},
    config_template::{self, Answers},
    entropy::{self, KeyGenerationError},
    home::{FileError, Home, create_private_dir, write_private},
};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::{
    CertificateFacts, IssuancePlan, Issuer, IssuerError, KeyAlgorithm, KeyRejection, PlanError, PrivateKey,
    PublicKey, SigningIssuer, Subject, Template, certificate_to_pem, plan, private_key_to_pem,
};
use koshin_policy::{Validity, calendar};
use std::{net::IpAddr, path::PathBuf};

/// Years that a root lives.
const ROOT_YEARS: i16 = 30;
/// Years that an issuing CA lives: certificates of three years can be issued for twelve.
const ISSUING_YEARS: i16 = 15;
/// Days that the server's own certificate lives.
const SERVER_DAYS: i64 = 397;
/// Days before its end at which the server's own certificate is made anew.
const SERVER_RENEWAL_DAYS: i64 = 60;
/// For clocks that are a little behind.
const BACKDATE: SignedDuration = SignedDuration::from_mins(10);

/// What `init` is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Host name or address under which terminals reach the server.
    pub host: String,
    /// Address and port to listen on.
    pub listen: String,
    /// PostgreSQL, if not the embedded database.
    pub database_url: Option<String>,
    /// Kind of the CAs' keys.
    pub ca_key: KeyAlgorithm,
    /// A demonstration.
    pub demo: bool,
}

/// The directory cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is one already.
    #[error(
        "{0} exists already; nothing was changed. Choose another --dir: new CAs in this one would lock out \
         every terminal that holds a certificate of the old ones"
    )]
    Exists(String),
    /// Not a host name or address.
    #[error("--host {0:?} is not a host name or an IP address; write for example auth.example.jp")]
    Host(String),
    /// Files.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyGenerationError),
    /// A key of our own making is not accepted.
    #[error("a key made here was rejected: {0}")]
    OwnKey(#[from] KeyRejection),
    /// A certificate.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A CA of our own making is not accepted.
    #[error("a CA made here was rejected: {0}")]
    OwnCa(#[from] IssuerError),
    /// A key could not sign.
    #[error("the new CA key could not sign")]
    Signing,
    /// The existing CA.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Makes everything that `serve` needs, in a directory that has no CA yet.
///
/// # Errors
/// When the directory has a configuration already, or something cannot be made.
pub fn init(home: &Home, wish: &Wish, now: Timestamp) -> Result<(), SetupError> {
    let precious = [home.config(), home.root_key(), home.issuing_key(), home.database()];
    if let Some(there) = precious.into_iter().find(|path| path.exists()) {
        return Err(SetupError::Exists(there.display().to_string()));
    }
    if !names(&wish.host, false).0.iter().all(|name| is_host_name(name)) {
        return Err(SetupError::Host(wish.host.clone()));
    }
    for directory in ["", "ca", "tls"] {
        create_private_dir(&home.path().join(directory))?;
    }
    let (root, root_key) = make_root(wish.ca_key, now)?;
    let (issuing, issuing_key) = make_issuing(&root, &root_key, wish.ca_key, now)?;
    write_private(&home.root_certificate(), certificate_to_pem(&root).as_bytes())?;
    write_private(&home.root_key(), private_key_to_pem(&root_key).as_bytes())?;
    write_private(&home.issuing_certificate(), certificate_to_pem(&issuing).as_bytes())?;
    write_private(&home.issuing_key(), private_key_to_pem(&issuing_key).as_bytes())?;
    let own = OwnFiles::server(home);
    make_server_certificate(&own, &Authority::load(home)?, &wish.host, wish.demo, now)?;
    let answers = Answers {
        host: &wish.host,
        listen: &wish.listen,
        database_url: wish.database_url.as_deref(),
        demo: wish.demo,
    };
    write_private(&home.config(), config_template::render(&answers).as_bytes())?;
    Ok(())
}

/// Makes the server's own certificate anew when this CA issued it and it nears its
/// end. `true` when there is a new one.
///
/// # Errors
/// Unreadable files, or a CA that cannot issue.
pub fn renew_server_certificate(
    home: &Home,
    authority: &Authority,
    host: &str,
    demo: bool,
    now: Timestamp,
) -> Result<bool, SetupError> {
    renew(&OwnFiles::server(home), authority, host, demo, now)
}

/// The same for the administration site's, which is made when there is none.
///
/// # Errors
/// As [`renew_server_certificate`].
pub fn renew_site_certificate(
    home: &Home,
    authority: &Authority,
    hostname: &str,
    demo: bool,
    now: Timestamp,
) -> Result<bool, SetupError> {
    let own = OwnFiles { certificate: home.site_certificate(), key: home.site_key() };
    if own.certificate.exists() {
        return renew(&own, authority, hostname, demo, now);
    }
    make_server_certificate(&own, authority, hostname, demo, now)?;
    Ok(true)
}

/// Where a certificate of this server and its key are.
struct OwnFiles {
    certificate: PathBuf,
    key: PathBuf,
}

impl OwnFiles {
    fn server(home: &Home) -> Self {
        Self { certificate: home.server_certificate(), key: home.server_key() }
    }
}

fn renew(
    own_files: &OwnFiles,
    authority: &Authority,
    host: &str,
    demo: bool,
    now: Timestamp,
) -> Result<bool, SetupError> {
    let chain = crate::authority::load_certificates(&own_files.certificate)?;
    let Some(own) = chain.first().and_then(|der| CertificateFacts::from_der(der).ok()) else {
        return Ok(false);
    };
    if !authority.issued(&own.der) || calendar::days_left(own.not_after, now) > SERVER_RENEWAL_DAYS {
        return Ok(false);
    }
    // A CA that ends as soon as the certificate has nothing better to give.
    if authority.facts().not_after <= own.not_after {
        return Ok(false);
    }
    make_server_certificate(own_files, authority, host, demo, now)?;
    Ok(true)
}

fn make_root(algorithm: KeyAlgorithm, now: Timestamp) -> Result<(Vec<u8>, PrivateKey), SetupError> {
    let subject = ca_subject("Koshin Root CA", now);
    let key = entropy::private_key(algorithm)?;
    let plan = plan(
        Template::Root { subject: &subject },
        SigningIssuer::SelfSigned,
        &public(&key)?,
        entropy::serial(now),
        years_from(now, ROOT_YEARS),
    )?;
    Ok((sign(plan, &key)?, key))
}

fn make_issuing(
    root: &[u8],
    root_key: &PrivateKey,
    algorithm: KeyAlgorithm,
    now: Timestamp,
) -> Result<(Vec<u8>, PrivateKey), SetupError> {
    let subject = ca_subject("Koshin Issuing CA", now);
    let key = entropy::private_key(algorithm)?;
    let plan = plan(
        Template::IssuingCa { subject: &subject },
        SigningIssuer::Issuer(&Issuer::from_der(root)?),
        &public(&key)?,
        entropy::serial(now),
        years_from(now, ISSUING_YEARS),
    )?;
    Ok((sign(plan, root_key)?, key))
}

fn make_server_certificate(
    own_files: &OwnFiles,
    authority: &Authority,
    host: &str,
    demo: bool,
    now: Timestamp,
) -> Result<(), SetupError> {
    let (dns_names, ip_addresses) = names(host, demo);
    let subject = Subject {
        common_name: host.chars().take(64).collect(),
        organization: None,
        organizational_unit: None,
    };
    let key = entropy::private_key(KeyAlgorithm::P256)?;
    let end = now.checked_add(SignedDuration::from_hours(24 * SERVER_DAYS)).unwrap_or(Timestamp::MAX);
    let plan = plan(
        Template::Server { dns_names: &dns_names, ip_addresses: &ip_addresses, subject: &subject },
        SigningIssuer::Issuer(authority.issuer()),
        &public(&key)?,
        entropy::serial(now),
        Validity { not_before: backdated(now), not_after: end.min(authority.facts().not_after) },
    )?;
    let certificate = authority.sign(plan).map_err(|_| SetupError::Signing)?;
    let chain = certificate_to_pem(&certificate) + &certificate_to_pem(authority.issuer().certificate_der());
    // The key first: a crash between the two is noticed at the next start, and `serve` says so.
    write_private(&own_files.key, private_key_to_pem(&key).as_bytes())?;
    write_private(&own_files.certificate, chain.as_bytes())?;
    Ok(())
}

/// Letters, digits and hyphens in labels of 1 to 63 (RFC 1123, 2.1).
pub(crate) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// The host, and for a demonstration also this machine's own names.
fn names(host: &str, demo: bool) -> (Vec<String>, Vec<IpAddr>) {
    let own: &[&str] = if demo { &["localhost", "127.0.0.1", "::1"] } else { &[] };
    let (mut dns_names, mut ip_addresses) = (Vec::new(), Vec::new());
    for name in std::iter::once(host).chain(own.iter().copied()) {
        match name.parse::<IpAddr>() {
            Ok(address) if !ip_addresses.contains(&address) => ip_addresses.push(address),
            Ok(_) => {}
            Err(_) if dns_names.iter().any(|known| known == name) => {}
            Err(_) => dns_names.push(name.to_owned()),
        }
    }
    (dns_names, ip_addresses)
}

/// The year tells people how old a CA is; the random part keeps the names of two CAs
/// apart, which are looked up by them.
fn ca_subject(name: &str, now: Timestamp) -> Subject {
    let mark = hex::encode(entropy::bytes::<3>());
    Subject {
        common_name: format!("{name} {}-{mark}", calendar::jst_date(now).year()),
        organization: Some("Koshin".to_owned()),
        organizational_unit: None,
    }
}

fn years_from(now: Timestamp, years: i16) -> Validity {
    Validity { not_before: backdated(now), not_after: calendar::add_years(now, years) }
}

fn backdated(now: Timestamp) -> Timestamp {
    now.checked_sub(BACKDATE).unwrap_or(now)
}

fn public(key: &PrivateKey) -> Result<PublicKey, KeyRejection> {
    PublicKey::from_spki_der(&key.public_key_spki_der())
}

fn sign(plan: IssuancePlan, key: &PrivateKey) -> Result<Vec<u8>, SetupError> {
    let signature = key.sign(plan.to_be_signed()).map_err(|_| SetupError::Signing)?;
    Ok(plan.assemble(&signature)?)
}
