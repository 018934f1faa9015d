//! 認証局: the CA, how long it can go on issuing, and the ends of the server's certificates.

use super::{
    Koshin, SiteError, UseCaseError,
    site_authority::{Action, Actor},
};
use crate::{authority::load_certificates, home::Home};
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::CertificateFacts;
use koshin_policy::calendar;

/// So long before the CA can issue no certificate of full length any more, it should be
/// rolled over.
const ALARM: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A server's certificate that nears its end was not renewed as it should have been.
const OWN_ALARM_DAYS: i64 = 14;

/// The CA and the server's certificates.
#[derive(Debug, Clone)]
pub struct AuthorityView {
    /// The issuing CA.
    pub issuing: CertificateFacts,
    /// The root above it.
    pub root: CertificateFacts,
    /// Years for which the longest certificates are issued.
    pub years: i16,
    /// The last moment at which such a certificate still ends before the CA.
    pub full_until: Timestamp,
    /// Whether that is near, or over.
    pub alarm: bool,
    /// The certificates with which this node answers.
    pub own: Vec<OwnCertificate>,
}

/// A certificate with which this node answers.
#[derive(Debug, Clone)]
pub struct OwnCertificate {
    /// To whom.
    pub whose: Whose,
    /// What it says; none when its file cannot be read.
    pub facts: Option<CertificateFacts>,
    /// Whether its end is near.
    pub alarm: bool,
}

/// Which door shows a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The API and EST, to terminals.
    Terminals,
    /// This site, to browsers.
    Site,
}

impl Koshin {
    /// The CA in force and the certificates of this node.
    ///
    /// # Errors
    /// What the table refuses; a root that cannot be read.
    pub async fn authority_view(&self, actor: &Actor, now: Timestamp) -> Result<AuthorityView, SiteError> {
        self.permit_operator(actor, Action::SeeAuthority).await?;
        let authority = self.authority();
        let issuing = authority.facts().clone();
        let root = authority.chain().pop().unwrap_or_default();
        let root = CertificateFacts::from_der(&root)
            .map_err(|error| UseCaseError::Defect(format!("the root's certificate: {error}")))?;
        let years = self.services.load().values().map(|service| service.validity.years).max().unwrap_or(3);
        let full_until = calendar::add_years(issuing.not_after, -years);
        let alarm_from = full_until.checked_sub(ALARM).unwrap_or(Timestamp::MIN);
        Ok(AuthorityView {
            issuing,
            root,
            years,
            full_until,
            alarm: now >= alarm_from,
            own: self.own_certificates(now).await?,
        })
    }

    /// The certificates with which this node answers; none without its directory.
    ///
    /// # Errors
    /// A defect of this program.
    pub async fn own_certificates(&self, now: Timestamp) -> Result<Vec<OwnCertificate>, SiteError> {
        let Some(home) = self.home.clone() else { return Ok(Vec::new()) };
        let with_site = self.config.site.is_some();
        // Files: not for an async thread.
        let read = tokio::task::spawn_blocking(move || own(&home, with_site, now));
        read.await.map_err(|error| UseCaseError::Defect(error.to_string()).into())
    }
}

fn own(home: &Home, with_site: bool, now: Timestamp) -> Vec<OwnCertificate> {
    let site = with_site.then(|| (Whose::Site, home.site_certificate()));
    [(Whose::Terminals, home.server_certificate())]
        .into_iter()
        .chain(site)
        .map(|(whose, path)| {
            let chain = load_certificates(&path);
            if let Err(error) = &chain {
                tracing::warn!(%error, "a certificate of this server cannot be shown");
            }
            let facts = chain.ok().and_then(|chain| CertificateFacts::from_der(chain.first()?).ok());
            let near = |facts: &CertificateFacts| calendar::days_left(facts.not_after, now) < OWN_ALARM_DAYS;
            OwnCertificate { whose, alarm: facts.as_ref().is_none_or(near), facts }
        })
        .collect()
}
