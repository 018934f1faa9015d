//! 証明書更新 and 新規発行: an administrator is given a certificate with its key, to carry it
//! to the terminal.
//!
//! It is a renewal like that of the other doors: the intent is recorded before the signature,
//! a repeat takes the place of the earlier one, and the old certificate is good until the new
//! one is used. Here it needs none that is still valid: so a clinic recovers whose terminal's
//! certificate has expired.

use super::{
    Koshin, SiteError, UseCaseError,
    hand_over_archive::{archive, archive_name},
    order::{Order, lost_place},
    renew::token_hash,
    site_authority::{Action, Actor},
    site_error::{FieldRefusal, IssueRefusal, refused},
    site_invitation::text,
    site_terminals::of_terminal,
};
use crate::{
    config::Service,
    entropy,
    store::{
        AuditEvent, AuditKind, Carried, CertificateRow, Door, NewBundle, NewTerminal, StoreError, Tenant,
        TerminalRow, WaitingBundle,
    },
};
use jiff::Timestamp;
use koshin_policy::{
    CertificateState, KindRules, Refusal, TenantStanding, Validity, decision::hand_over_refusal, validity,
};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::BTreeMap, sync::Arc};

/// Terminals that are renewed at a time, at most.
pub const MOST_AT_A_TIME: usize = 50;

/// Whether a terminal's certificate can be renewed, before anything is done.
#[derive(Debug, Clone)]
pub struct RenewalOutlook {
    /// The terminal.
    pub terminal: TerminalRow,
    /// Why not, if not.
    pub refusal: Option<IssueRefusal>,
    /// What was prepared before and would give way.
    pub waiting: Option<WaitingBundle>,
}

/// A certificate that waits to be downloaded.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its terminal.
    pub terminal_id: i64,
    /// The terminal's tenant.
    pub tenant_id: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// Common name.
    pub common_name: String,
    /// 端末名
    pub label: Option<String>,
    /// With whom it is shown: the hosts of its service.
    pub hosts: Vec<String>,
    /// Hex serial.
    pub serial: String,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// Opens its PKCS#12 and its key. Kept nowhere: it is shown now or never.
    pub password: SecretString,
    /// Opens the download, alone or with others; kept as a hash only.
    pub token: SecretString,
    /// When it is erased, and the certificate ended if nobody has downloaded it.
    pub expires_at: Timestamp,
}

/// Several certificates that are downloaded as one file.
#[derive(Debug, Clone)]
pub struct PreparedSet {
    /// All with the same token; empty when none could be made.
    pub prepared: Vec<Prepared>,
    /// The others.
    pub left_out: Vec<LeftOut>,
}

/// A terminal that was to be renewed and was not.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The terminal.
    pub terminal: TerminalRow,
    /// Why.
    pub refusal: IssueRefusal,
}

/// 新規発行: a terminal that is to be known, and to get its first certificate.
#[derive(Debug, Clone)]
pub struct FirstCertificate {
    /// The tenant's id.
    pub tenant: String,
    /// CN
    pub common_name: String,
    /// 端末名
    pub label: String,
    /// 設置場所, may be empty.
    pub place: String,
}

/// A zip file.
pub struct Download {
    /// Its name, ASCII.
    pub name: String,
    /// Its bytes. What is secret in it is encrypted.
    pub zip: Vec<u8>,
}

/// Under which token, and until when.
#[derive(Clone)]
struct Shelf {
    token: SecretString,
    expires_at: Timestamp,
}

/// What a new certificate rests on.
struct Grounds {
    service: Arc<Service>,
    replaces: Option<String>,
    validity: Validity,
    /// Whether the terminal has never used any.
    first: bool,
}

impl Koshin {
    /// Whether the terminal's certificate can be renewed, for the question before it.
    ///
    /// # Errors
    /// [`SiteError::NotFound`] also for a terminal that the actor may not see.
    pub async fn renewal_outlook(
        &self,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<RenewalOutlook, SiteError> {
        let terminal = self.own_terminal(actor, Action::IssueCertificate, terminal_id, now).await?;
        let refusal = match self.grounds(&terminal, now).await {
            Ok(_) => None,
            Err(SiteError::Issuing(refusal)) => Some(refusal),
            Err(error) => return Err(error),
        };
        let waiting = self.store.waiting_bundle(terminal_id, now).await?;
        Ok(RenewalOutlook { terminal, refusal, waiting })
    }

    /// The same for several, each once, in the order of the numbers.
    ///
    /// # Errors
    /// As [`Self::renewal_outlook`]; [`SiteError::TooMany`].
    pub async fn renewal_outlooks(
        &self,
        actor: &Actor,
        terminals: &[i64],
        now: Timestamp,
    ) -> Result<Vec<RenewalOutlook>, SiteError> {
        let mut terminals = terminals.to_vec();
        terminals.sort_unstable();
        terminals.dedup();
        if terminals.len() > MOST_AT_A_TIME {
            return Err(SiteError::TooMany(MOST_AT_A_TIME));
        }
        let mut outlooks = Vec::with_capacity(terminals.len());
        for terminal_id in terminals {
            outlooks.push(self.renewal_outlook(actor, terminal_id, now).await?);
        }
        Ok(outlooks)
    }

    /// 証明書更新, and 「もう一度準備」: a new key and certificate, waiting to be downloaded.
    /// One that was prepared before and not used gives way, with its password.
    ///
    /// Runs to its end even if the browser goes away, so that the records are whole.
    ///
    /// # Errors
    /// [`SiteError::Issuing`]; [`SiteError::NotFound`] also for a terminal that the actor may
    /// not see.
    pub async fn prepare_renewal(
        self: &Arc<Self>,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<Prepared, SiteError> {
        let terminal = self.own_terminal(actor, Action::IssueCertificate, terminal_id, now).await?;
        self.prepare_whole(actor, terminal, self.shelf(now), now).await
    }

    /// 一括更新: the same for several terminals, downloaded as one file. Those that cannot be
    /// renewed are left out, and all that follow when the server can do no more now.
    ///
    /// # Errors
    /// As [`Self::renewal_outlooks`], and a failure of the server's at the first of them.
    pub async fn prepare_renewals(
        self: &Arc<Self>,
        actor: &Actor,
        terminals: &[i64],
        now: Timestamp,
    ) -> Result<PreparedSet, SiteError> {
        let shelf = self.shelf(now);
        let mut set = PreparedSet { prepared: Vec::new(), left_out: Vec::new() };
        let mut busy = false;
        for outlook in self.renewal_outlooks(actor, terminals, now).await? {
            let terminal = outlook.terminal;
            if busy {
                // Each would wait for its turn, and the browser does not wait for all of them.
                set.left_out.push(LeftOut { terminal, refusal: IssueRefusal::Busy });
                continue;
            }
            match self.prepare_whole(actor, terminal.clone(), shelf.clone(), now).await {
                Ok(prepared) => set.prepared.push(prepared),
                Err(SiteError::Issuing(refusal)) => set.left_out.push(LeftOut { terminal, refusal }),
                // The passwords of the others are shown now or never.
                Err(error) if error.is_overload() || !set.prepared.is_empty() => {
                    tracing::warn!(%error, terminal = terminal.common_name, "the rest of many is left out");
                    set.left_out.push(LeftOut { terminal, refusal: IssueRefusal::Busy });
                    busy = true;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(set)
    }

    /// 新規発行: makes the terminal known and prepares its first certificate.
    ///
    /// # Errors
    /// [`SiteError::Field`]; [`SiteError::CommonNameTaken`]; [`SiteError::Issuing`];
    /// [`SiteError::NotFound`] for a tenant that is not there, or not for the actor.
    pub async fn prepare_first(
        self: &Arc<Self>,
        actor: &Actor,
        wish: FirstCertificate,
        now: Timestamp,
    ) -> Result<Prepared, SiteError> {
        let tenant_id = wish.tenant.trim();
        self.permit_site(actor, Action::IssueCertificate, tenant_id).await?;
        let tenant = self.store.tenant(tenant_id).await?.ok_or(SiteError::NotFound)?;
        let common_name = common_name(&wish.common_name)?;
        let label = text(&wish.label, FieldRefusal::Label)?;
        let place = match wish.place.trim() {
            "" => None,
            given => Some(text(given, FieldRefusal::Place)?),
        };
        // Before the terminal is made: one without a certificate would be in everybody's way.
        match self.grounds_of(&tenant, &common_name, &[], now) {
            Err(SiteError::Issuing(IssueRefusal::UnknownKind)) => {
                return Err(SiteError::Field(FieldRefusal::Kind));
            }
            other => drop(other?),
        }
        let terminal_id = self.add_terminal(actor, &tenant, common_name, label, place, now).await?;
        self.prepare_renewal(actor, terminal_id, now).await
    }

    /// The patterns of common names for which the tenant's service issues; the usual ones for
    /// a tenant that is not there, or not for the actor.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn kinds_of(&self, actor: &Actor, tenant: &str) -> Result<Vec<String>, SiteError> {
        let may = self.actor_may(actor, Action::IssueCertificate, tenant).await?;
        let kinds = match self.store.tenant(tenant).await?.filter(|_| may) {
            Some(tenant) => self.service(&tenant.service)?.renewal.kinds.clone(),
            None => KindRules::default(),
        };
        Ok(kinds.patterns().map(str::to_owned).collect())
    }

    /// ダウンロード(zip形式): what waits under `token`. May be repeated until the certificate
    /// is used or its time is over. It counts as delivered, not as used.
    ///
    /// # Errors
    /// The same [`SiteError::NotFound`] for a token that never was, that has ended, and whose
    /// terminals are not the actor's.
    pub async fn download(
        &self,
        actor: &Actor,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<Download, SiteError> {
        let hash = token_hash(token.expose_secret());
        let mut hosts = BTreeMap::new();
        for tenant in self.store.tenants_of_carried(&hash, now).await? {
            self.permit_site(actor, Action::IssueCertificate, &tenant).await?;
            let service = self.store.tenant(&tenant).await?.ok_or(SiteError::NotFound)?.service;
            hosts.insert(tenant, self.hosts_of_service(&service));
        }
        let event = AuditEvent {
            tenant_id: None,
            ..actor.event(AuditKind::BundleDownloaded, "", "zip".to_owned(), now)
        };
        let bundles = self.store.fetch_carried(&hash, event).await?;
        if bundles.is_empty() {
            return Err(SiteError::NotFound);
        }
        let zip = archive(&bundles, &hosts, now).map_err(|error| UseCaseError::Defect(error.to_string()))?;
        Ok(Download { name: archive_name(&bundles, now), zip })
    }

    fn shelf(&self, now: Timestamp) -> Shelf {
        let expires_at = now.checked_add(self.config.bundle_lifetime).unwrap_or(Timestamp::MAX);
        Shelf { token: entropy::token(), expires_at }
    }

    async fn prepare_whole(
        self: &Arc<Self>,
        actor: &Actor,
        terminal: TerminalRow,
        shelf: Shelf,
        now: Timestamp,
    ) -> Result<Prepared, SiteError> {
        let (koshin, actor) = (Arc::clone(self), actor.clone());
        let task = tokio::spawn(async move { koshin.prepare(&actor, terminal, shelf, now).await });
        task.await.map_err(|error| UseCaseError::Defect(error.to_string()))?
    }

    async fn prepare(
        &self,
        actor: &Actor,
        terminal: TerminalRow,
        shelf: Shelf,
        now: Timestamp,
    ) -> Result<Prepared, SiteError> {
        let _ticket = self.in_flight.enter(terminal.terminal_id).ok_or(IssueRefusal::InProgress)?;
        let place = self.blocking.admit().map_err(UseCaseError::from)?;
        self.keep_what_works(actor, &terminal, now).await?;
        let grounds = self.grounds(&terminal, now).await?;
        // Who waits for a key must not take the place of those that need none.
        let _place = self.keys.has(grounds.service.legacy_key).then_some(place);
        let order = Order {
            terminal_id: terminal.terminal_id,
            tenant_id: terminal.tenant_id.clone(),
            common_name: terminal.common_name.clone(),
            parent: grounds.replaces.clone(),
            door: Door::HandOver,
            validity: grounds.validity,
        };
        let made = self.make_files(&order, &grounds.service, now).await.map_err(refused)?;
        let files = made.files;
        let bundle = NewBundle {
            // Terminals never fetch it: nobody knows a token of its own.
            token_hash: token_hash(entropy::token().expose_secret()),
            pkcs12: files.pkcs12.to_vec(),
            expires_at: shelf.expires_at,
            carried: Some(Carried {
                set_hash: token_hash(shelf.token.expose_secret()),
                private_key: files.private_key.to_string(),
                ca_chain: files.ca,
                by: actor.on_behalf(&terminal.tenant_id),
            }),
        };
        let event = prepared_event(actor, &terminal, &grounds, &files.serial, now);
        let recorded = self.store.record_certificate(made.intent, made.certificate, Some(bundle), event);
        if let Err(error) = recorded.await {
            // What allowed it may have ended meanwhile: then that is the reason.
            self.permit_site(actor, Action::IssueCertificate, &terminal.tenant_id).await?;
            return Err(refused(lost_place(error)));
        }
        Ok(Prepared {
            terminal_id: terminal.terminal_id,
            tenant_id: terminal.tenant_id,
            tenant_name: terminal.tenant_name,
            common_name: terminal.common_name,
            label: terminal.label,
            hosts: grounds.service.hosts.clone(),
            serial: files.serial,
            not_after: files.not_after,
            password: files.password,
            token: shelf.token,
            expires_at: shelf.expires_at,
        })
    }

    /// A visit to the site is no first use, but a certificate that people come here with
    /// must not give way before its successor works: the administrator who renews the
    /// terminal in front of them would be locked out. So it counts as used from now on.
    async fn keep_what_works(
        &self,
        actor: &Actor,
        terminal: &TerminalRow,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let Some(serial) = self.store.unused_at_hand(terminal.terminal_id).await? else { return Ok(()) };
        let detail = "used on the administration site, before its renewal".to_owned();
        let event = AuditEvent {
            serial: Some(serial.clone()),
            ..of_terminal(actor, terminal, AuditKind::CertificateConfirmed, detail, now)
        };
        self.store.confirm(&serial, terminal.terminal_id, now, event).await?;
        Ok(())
    }

    /// What the terminal's next certificate would rest on.
    async fn grounds(&self, terminal: &TerminalRow, now: Timestamp) -> Result<Grounds, SiteError> {
        if terminal.stopped_at.is_some() {
            return Err(IssueRefusal::Stopped.into());
        }
        let tenant = self.store.tenant(&terminal.tenant_id).await?.ok_or(SiteError::NotFound)?;
        let history = self.store.certificates_of(terminal.terminal_id).await?;
        let grounds = self.grounds_of(&tenant, &terminal.common_name, &history, now)?;
        match self.over_quota(terminal.terminal_id, &grounds.service, now).await? {
            Some(_) => Err(IssueRefusal::TooOften.into()),
            None => Ok(grounds),
        }
    }

    fn grounds_of(
        &self,
        tenant: &Tenant,
        common_name: &str,
        history: &[CertificateRow],
        now: Timestamp,
    ) -> Result<Grounds, SiteError> {
        let service = self.service(&tenant.service)?;
        let first = history.iter().all(|row| row.first_used_at.is_none());
        let standing = if tenant.suspended { TenantStanding::Suspended } else { TenantStanding::Active };
        match hand_over_refusal(common_name, first, standing, &service.renewal.kinds) {
            None => {}
            Some(Refusal::TenantSuspended) => return Err(IssueRefusal::TenantSuspended.into()),
            Some(Refusal::UnknownKind) => return Err(IssueRefusal::UnknownKind.into()),
            Some(_) => return Err(IssueRefusal::NotRenewableKind.into()),
        }
        let in_use = history.iter().rev().find(|row| row.state == CertificateState::InUse);
        let issuer_end = self.authority().facts().not_after;
        let validity = validity(&service.validity, in_use.map(|row| row.not_after), issuer_end, now)
            .map_err(|_| IssueRefusal::IssuerEndsTooSoon)?;
        Ok(Grounds { service, replaces: in_use.map(|row| row.serial.clone()), validity, first })
    }

    async fn add_terminal(
        &self,
        actor: &Actor,
        tenant: &Tenant,
        common_name: String,
        label: String,
        place: Option<String>,
        now: Timestamp,
    ) -> Result<i64, SiteError> {
        let detail = format!("{label:?} in {:?}", place.as_deref().unwrap_or_default());
        let event = AuditEvent {
            common_name: Some(common_name.clone()),
            ..actor.event(AuditKind::TerminalAdded, &tenant.id, detail, now)
        };
        let new = NewTerminal {
            tenant_id: tenant.id.clone(),
            common_name: common_name.clone(),
            label: Some(label),
        };
        match self.store.add_terminal(new, place, event).await {
            Err(StoreError::Exists(_)) => {
                let known = self.store.terminal_named(&tenant.id, &common_name).await?;
                Err(known.map_or(SiteError::NotFound, |known| SiteError::CommonNameTaken {
                    terminal_id: known.id,
                }))
            }
            other => Ok(other?),
        }
    }
}

fn prepared_event(
    actor: &Actor,
    terminal: &TerminalRow,
    grounds: &Grounds,
    serial: &str,
    now: Timestamp,
) -> AuditEvent {
    let kind = if grounds.first { AuditKind::CertificateIssued } else { AuditKind::CertificateRenewed };
    let detail = format!("new serial {serial}, to be carried to the terminal");
    AuditEvent {
        serial: grounds.replaces.clone().or_else(|| Some(serial.to_owned())),
        ..of_terminal(actor, terminal, kind, detail, now)
    }
}

/// A common name that every system can name files after.
fn common_name(entered: &str) -> Result<String, SiteError> {
    let name = entered.trim();
    if is_plain_common_name(name) {
        Ok(name.to_owned())
    } else {
        Err(SiteError::Field(FieldRefusal::CommonName))
    }
}

/// 1 to 64 letters, digits, hyphens, underscores and dots, the first no dot: the common name
/// also names files, so it is kept to what every system can name.
pub fn is_plain_common_name(text: &str) -> bool {
    let fits = (1..=64).contains(&text.len());
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fits && plain && !text.starts_with('.')
}
