//! What the server does, whatever the door: `api`, `est` and `koshin-server issue` call
//! these and nothing else. They ask `policy`, plan with `issuance`, and keep the records.

mod api_scopes;
mod api_tokens;
pub mod audit_trail;
mod authenticate;
mod blocking;
mod error;
mod fetch_bundle;
mod hand_over;
mod hand_over_archive;
mod in_flight;
mod key_pool;
mod mass_revocation;
mod notice_feed;
mod notice_sending;
pub mod notice_settings;
pub mod notices;
mod operator_search;
mod operator_tenants;
mod order;
mod own_certificates;
mod own_state;
mod recovery;
mod renew;
mod renew_at_once;
pub mod second_factor;
mod service_policy;
pub mod site_authority;
mod site_charts;
mod site_error;
mod site_invitation;
mod site_issuing;
mod site_notices;
mod site_organisation;
mod site_own_account;
mod site_passkeys;
mod site_password;
mod site_recovery;
mod site_session;
mod site_sign_in;
mod site_terminals;
mod site_visitor;
mod status;

pub use api_scopes::ApiScope;
pub use api_tokens::{ApiCaller, LONGEST_LIFE_DAYS, MadeToken, TOKEN_PREFIX, TokenState, TokenWish};
pub use authenticate::{Caller, Purpose, RenewalCaller};
pub use error::{Denial, UseCaseError};
pub use hand_over::{HandOver, HandOverFiles};
pub use key_pool::{KeyLevel, KeyPool};
pub use mass_revocation::{RevocationReason, RevocationRefusal, RevocationView, RevocationWish};
pub use notice_feed::Feed;
pub use notice_settings::{MailWish, NoticeSettingsError, OrganisationNotices};
pub use notices::Notices;
pub use operator_search::Findings;
pub use operator_tenants::{NewTenant, TenantDetail};
pub use own_certificates::{AuthorityView, OwnCertificate, Whose};
pub use recovery::Origin;
pub use second_factor::SecondFactorKey;
pub use service_policy::{ServiceView, SettingView};
pub use site_authority::Actor;
pub use site_error::{
    FieldRefusal, InvitationRefusal, IssueRefusal, PasswordRefusal, RecoveryRefusal, SignInRefusal, SiteError,
};
pub use site_invitation::{Enrolment, InvitationInfo, Invited, SetUp};
pub use site_issuing::{
    Download, FirstCertificate, LeftOut, MOST_AT_A_TIME, Prepared, PreparedSet, RenewalOutlook,
    is_plain_common_name,
};
pub use site_notices::NoticePage;
pub use site_own_account::Oneself;
pub use site_passkeys::RelyingParty;
pub use site_recovery::{EnrolmentDoor, IssuedCode, RecoveryStanding};
pub use site_session::{NewSession, Session};
pub use site_terminals::{CertificateDetail, StopDetail};
pub use site_visitor::SiteVisitor;
pub use status::StatusFacts;

pub use crate::store::SessionEnd;

use crate::{
    authority::Authority,
    config::{Config, Service},
    home::Home,
    metrics::Metrics,
    store::{Announcement, Audience, Occurrence, Store, StoreError},
};
use arc_swap::{ArcSwap, ArcSwapOption};
use audit_trail::TrailCheck;
use blocking::Blocking;
use in_flight::InFlight;
use jiff::{SignedDuration, Timestamp};
use koshin_issuance::{CertificateFacts, KeyAlgorithm};
use std::{collections::BTreeMap, sync::Arc};

/// Intents that are older than this were left behind by a crash.
const STALE_INTENT: SignedDuration = SignedDuration::from_mins(10);

/// The server's use cases over its records, its CA and its configuration.
pub struct Koshin {
    store: Store,
    authority: ArcSwap<Authority>,
    config: Config,
    /// The file's services with what operators changed on the site: see `service_policy`.
    services: ArcSwap<BTreeMap<String, Arc<Service>>>,
    home: Option<Home>,
    public_url: String,
    in_flight: InFlight,
    blocking: Blocking,
    keys: KeyPool,
    second_factor_key: Option<SecondFactorKey>,
    notices: Option<Notices>,
    trail_check: ArcSwapOption<TrailCheck>,
    metrics: Metrics,
}

impl Koshin {
    /// Puts the parts together. `public_url` has no slash at its end.
    pub fn new(store: Store, authority: Authority, config: Config, public_url: String) -> Self {
        let blocking = Blocking::new(config.limits.waiting_renewals);
        let keys = KeyPool::new(key_pool::Rules::new(config.keys.pool, config.limits.request()));
        keys.keep(config.services.values().map(|service| service.legacy_key));
        let services =
            config.services.iter().map(|(id, service)| (id.clone(), Arc::new(service.clone()))).collect();
        Self {
            store,
            authority: ArcSwap::from_pointee(authority),
            config,
            services: ArcSwap::from_pointee(services),
            home: None,
            public_url,
            in_flight: InFlight::default(),
            blocking,
            keys,
            second_factor_key: None,
            notices: None,
            trail_check: ArcSwapOption::empty(),
            metrics: Metrics::default(),
        }
    }

    /// Telling these metrics what happens.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// With the key that the administration site and recovery codes need.
    #[must_use]
    pub fn with_second_factor_key(self, key: SecondFactorKey) -> Self {
        Self { second_factor_key: Some(key), ..self }
    }

    /// With the notices that administrators set.
    #[must_use]
    pub fn with_notices(self, notices: Notices) -> Self {
        Self { notices: Some(notices), ..self }
    }

    fn notices(&self) -> Result<&Notices, SiteError> {
        self.notices.as_ref().ok_or(SiteError::NoNotices)
    }

    /// Something has been planned: it is sent at once, where this process sends notices.
    fn wake_notices(&self) {
        if let Some(notices) = &self.notices {
            notices.wake();
        }
    }

    /// What an organisation is told of an event.
    fn announced(&self, tenant_id: &str, occurrence: Occurrence) -> Announcement {
        let mails = self.config.mail.is_some();
        Announcement { occurrence, to: Audience::Organisation(tenant_id.to_owned()), mails }
    }

    /// With the directory whose certificates operators may look at.
    #[must_use]
    pub fn with_home(self, home: Home) -> Self {
        Self { home: Some(home), ..self }
    }

    fn second_factor_key(&self) -> Result<&SecondFactorKey, SiteError> {
        self.second_factor_key.as_ref().ok_or(SiteError::NoKey)
    }

    /// The CA in force.
    pub fn authority(&self) -> Arc<Authority> {
        self.authority.load_full()
    }

    /// Puts another CA in force, for everything planned from now on.
    pub fn replace_authority(&self, authority: Authority) {
        self.authority.store(Arc::new(authority));
    }

    /// The stock of keys for the legacy door. It is filled after [`KeyPool::fill_in_idle_time`] only, and ends with
    /// this value or by [`KeyPool::stop`].
    pub fn key_pool(&self) -> &KeyPool {
        &self.keys
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The records, for the parts of the command line that only list.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Erases what nobody fetched. Returns how many certificates ended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn erase_outlived(&self, now: Timestamp) -> Result<usize, StoreError> {
        let stale = now.checked_sub(STALE_INTENT).unwrap_or(Timestamp::MIN);
        self.store.erase_outlived(now, stale).await
    }

    /// The kind of key that the applications of this certificate's terminal can read, whatever became of the
    /// certificate; `None` for one that the records do not know.
    ///
    /// # Errors
    /// When the store is out of reach, or the configuration has lost the tenant's service.
    pub async fn key_algorithm_of(
        &self,
        certificate: &CertificateFacts,
    ) -> Result<Option<KeyAlgorithm>, UseCaseError> {
        let peer = self.store.peer(&certificate.serial.to_hex()).await?;
        let known = peer.filter(|peer| peer.der.as_deref() == Some(certificate.der.as_slice()));
        known.map(|peer| Ok(self.service(&peer.service)?.legacy_key)).transpose()
    }

    fn service(&self, id: &str) -> Result<Arc<Service>, UseCaseError> {
        let services = self.services.load();
        services.get(id).cloned().ok_or_else(|| UseCaseError::UnknownService(id.to_owned()))
    }
}
