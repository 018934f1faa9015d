//! How organisations want to be told: mail recipients, webhook, calendar feed.

use super::{
    AnyConnection, AuditEvent, Store, StoreError,
    accounts::ACTIVE,
    audit,
    schema::{administrator, notice_recipient, notice_settings, tenant},
};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// Somebody who gets mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRecipient {
    /// The address.
    pub address: String,
    /// The language of the mails, `ja` or `en`.
    pub language: String,
}

/// Where notices are posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// An https URL.
    pub url: String,
    /// The secret with which each notice is signed, sealed.
    pub sealed: Vec<u8>,
}

/// One organisation's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeSettings {
    /// Whether anything is mailed.
    pub mail: bool,
    /// Whether the organisation's administrators get what is mailed.
    pub administrators: bool,
    /// The language of the administrators' mails and of the calendar feed, `ja` or `en`.
    pub language: String,
    /// Its terminals renew by themselves: it is told only of failures.
    pub unattended: bool,
    /// Who else gets mail, in the order of addresses.
    pub recipients: Vec<MailRecipient>,
    /// Where notices are posted.
    pub webhook: Option<Webhook>,
    /// SHA-256 of the calendar feed's token, hex. The token itself is not stored.
    pub calendar_token_hash: Option<String>,
}

/// What became of a change of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsChange {
    /// It was made.
    Done,
    /// What it was to change is not there.
    Declined,
    /// There is no such organisation.
    UnknownTenant,
}

/// Of an organisation that has set nothing: its administrators are told by mail.
impl Default for NoticeSettings {
    fn default() -> Self {
        Self {
            mail: true,
            administrators: true,
            language: "ja".to_owned(),
            unattended: false,
            recipients: Vec::new(),
            webhook: None,
            calendar_token_hash: None,
        }
    }
}

impl NoticeSettings {
    /// Who gets mail, each once: the administrators, unless they are left out, and who was
    /// added. An administrator who is also added gets the language chosen there.
    pub fn mail_recipients(&self, administrators: &[String]) -> Vec<MailRecipient> {
        let (own, added) = self.both(administrators);
        match (self.mail, self.administrators) {
            (false, _) => Vec::new(),
            (true, false) => added,
            (true, true) => [own, added].concat(),
        }
    }

    /// Who gets mail about an event, each once: every administrator, whatever is set, for
    /// what nobody hears of may go on unseen; and who was added, unless mail is off.
    pub fn told_of_events(&self, administrators: &[String]) -> Vec<MailRecipient> {
        let (own, added) = self.both(administrators);
        let also_own = |added: &MailRecipient| administrators.contains(&added.address);
        let added = added.into_iter().filter(|added| self.mail || also_own(added));
        own.into_iter().chain(added).collect()
    }

    /// The administrators who were not added, and who was added.
    fn both(&self, administrators: &[String]) -> (Vec<MailRecipient>, Vec<MailRecipient>) {
        let added = |address: &&String| self.recipients.iter().any(|added| added.address == **address);
        let own = administrators.iter().filter(|address| !added(address));
        let own =
            own.map(|address| MailRecipient { address: address.clone(), language: self.language.clone() });
        (own.collect(), self.recipients.clone())
    }
}

impl Store {
    /// The settings of an organisation; the default ones when it has none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn notice_settings(&self, tenant_id: &str) -> Result<NoticeSettings, StoreError> {
        let tenant_id = tenant_id.to_owned();
        self.read(move |connection| Ok(load(connection, Some(&tenant_id))?.remove(&tenant_id)))
            .await
            .map(Option::unwrap_or_default)
    }

    /// The settings of all organisations that have some, by their id.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn all_notice_settings(&self) -> Result<BTreeMap<String, NoticeSettings>, StoreError> {
        self.read(|connection| load(connection, None)).await
    }

    /// The mail addresses of administrators whose accounts may be used, by organisation: of
    /// one, or of all.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn administrator_mails(
        &self,
        tenant_id: Option<&str>,
    ) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let tenant_id = tenant_id.map(str::to_owned);
        self.read(move |connection| administrator_mails(connection, tenant_id.as_deref())).await
    }

    /// Changes the settings of an organisation, whole or not at all, and records why. Nothing
    /// is changed when `change` answers `false`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn change_notice_settings(
        &self,
        tenant_id: &str,
        change: impl Fn(&mut NoticeSettings) -> bool + Send + 'static,
        event: AuditEvent,
    ) -> Result<SettingsChange, StoreError> {
        let tenant_id = tenant_id.to_owned();
        self.write(move |connection| {
            if !lock(connection, &tenant_id)? {
                return Ok(SettingsChange::UnknownTenant);
            }
            let mut settings = load(connection, Some(&tenant_id))?.remove(&tenant_id).unwrap_or_default();
            if !change(&mut settings) {
                return Ok(SettingsChange::Declined);
            }
            diesel::delete(notice_settings::table.filter(notice_settings::tenant_id.eq(&tenant_id)))
                .execute(connection)?;
            diesel::delete(notice_recipient::table.filter(notice_recipient::tenant_id.eq(&tenant_id)))
                .execute(connection)?;
            insert(connection, &tenant_id, &settings)?;
            audit::record(connection, &event)?;
            Ok(SettingsChange::Done)
        })
        .await
    }

    /// The organisation whose calendar feed this token opens, by the token's hash; none while
    /// it is suspended.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn tenant_of_calendar(&self, token_hash: &str) -> Result<Option<String>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            Ok(notice_settings::table
                .inner_join(tenant::table.on(tenant::id.eq(notice_settings::tenant_id)))
                .filter(notice_settings::calendar_token_hash.eq(&token_hash))
                .filter(tenant::suspended.eq(false))
                .select(notice_settings::tenant_id)
                .get_result(connection)
                .optional()?)
        })
        .await
    }
}

fn administrator_mails(
    connection: &mut AnyConnection,
    only: Option<&str>,
) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let active = administrator::table
        .filter(administrator::state.eq(ACTIVE))
        .order((administrator::tenant_id, administrator::mail))
        .select((administrator::tenant_id, administrator::mail))
        .distinct();
    let rows: Vec<(String, String)> = match only {
        Some(id) => active.filter(administrator::tenant_id.eq(id)).load(connection)?,
        None => active.load(connection)?,
    };
    let mut mails: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tenant, mail) in rows {
        mails.entry(tenant).or_default().push(mail);
    }
    Ok(mails)
}

/// Who is told of an organisation's events: by mail, and the webhook's URL.
pub(super) fn told_of_events(
    connection: &mut AnyConnection,
    tenant_id: &str,
) -> Result<(Vec<MailRecipient>, Option<String>), StoreError> {
    let settings = load(connection, Some(tenant_id))?.remove(tenant_id).unwrap_or_default();
    let administrators = administrator_mails(connection, Some(tenant_id))?.remove(tenant_id);
    let mails = settings.told_of_events(&administrators.unwrap_or_default());
    Ok((mails, settings.webhook.map(|webhook| webhook.url)))
}

/// Two changes of one organisation's settings happen one after the other: an update that
/// changes nothing holds its row until the end of the transaction, on both databases.
pub(super) fn lock(connection: &mut AnyConnection, tenant_id: &str) -> Result<bool, StoreError> {
    let row = tenant::table.filter(tenant::id.eq(tenant_id));
    Ok(diesel::update(row).set(tenant::id.eq(tenant::id)).execute(connection)? == 1)
}

fn insert(
    connection: &mut AnyConnection,
    tenant_id: &str,
    settings: &NoticeSettings,
) -> Result<(), StoreError> {
    let webhook = settings.webhook.as_ref();
    diesel::insert_into(notice_settings::table)
        .values((
            notice_settings::tenant_id.eq(tenant_id),
            notice_settings::mail.eq(settings.mail),
            notice_settings::administrators.eq(settings.administrators),
            notice_settings::language.eq(&settings.language),
            notice_settings::unattended.eq(settings.unattended),
            notice_settings::webhook_url.eq(webhook.map(|webhook| webhook.url.as_str())),
            notice_settings::webhook_sealed.eq(webhook.map(|webhook| webhook.sealed.as_slice())),
            notice_settings::calendar_token_hash.eq(settings.calendar_token_hash.as_deref()),
        ))
        .execute(connection)?;
    for recipient in &settings.recipients {
        diesel::insert_into(notice_recipient::table)
            .values((
                notice_recipient::tenant_id.eq(tenant_id),
                notice_recipient::address.eq(&recipient.address),
                notice_recipient::language.eq(&recipient.language),
            ))
            .execute(connection)?;
    }
    Ok(())
}

type SettingsColumns =
    (String, (bool, bool, String, bool), (Option<String>, Option<Vec<u8>>), Option<String>);

/// The settings of one organisation, or of all.
fn load(
    connection: &mut AnyConnection,
    only: Option<&str>,
) -> Result<BTreeMap<String, NoticeSettings>, StoreError> {
    let columns = (
        notice_settings::tenant_id,
        (
            notice_settings::mail,
            notice_settings::administrators,
            notice_settings::language,
            notice_settings::unattended,
        ),
        (notice_settings::webhook_url, notice_settings::webhook_sealed),
        notice_settings::calendar_token_hash,
    );
    let rows: Vec<SettingsColumns> = match only {
        Some(id) => notice_settings::table
            .filter(notice_settings::tenant_id.eq(id))
            .select(columns)
            .load(connection)?,
        None => notice_settings::table.select(columns).load(connection)?,
    };
    let mut found: BTreeMap<String, NoticeSettings> = rows.into_iter().map(into_settings).collect();
    for (tenant_id, address, language) in recipients(connection, only)? {
        if let Some(settings) = found.get_mut(&tenant_id) {
            settings.recipients.push(MailRecipient { address, language });
        }
    }
    Ok(found)
}

fn recipients(
    connection: &mut AnyConnection,
    only: Option<&str>,
) -> Result<Vec<(String, String, String)>, StoreError> {
    let columns = (notice_recipient::tenant_id, notice_recipient::address, notice_recipient::language);
    let ordered = notice_recipient::table.order((notice_recipient::tenant_id, notice_recipient::address));
    Ok(match only {
        Some(id) => ordered.filter(notice_recipient::tenant_id.eq(id)).select(columns).load(connection)?,
        None => ordered.select(columns).load(connection)?,
    })
}

fn into_settings(columns: SettingsColumns) -> (String, NoticeSettings) {
    let (tenant_id, (mail, administrators, language, unattended), (url, sealed), calendar_token_hash) =
        columns;
    let webhook = url.zip(sealed).map(|(url, sealed)| Webhook { url, sealed });
    let recipients = Vec::new();
    let settings = NoticeSettings {
        mail,
        administrators,
        language,
        unattended,
        recipients,
        webhook,
        calendar_token_hash,
    };
    (tenant_id, settings)
}
