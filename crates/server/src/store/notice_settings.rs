//! How organisations want to be told: mail recipients, webhook, calendar feed.

use super::{
    AnyConnection, Store, StoreError,
    schema::{notice_recipient, notice_settings},
};
use diesel::prelude::*;
use secrecy::{ExposeSecret, SecretString};
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
#[derive(Debug, Clone)]
pub struct Webhook {
    /// An https URL.
    pub url: String,
    /// With which each notice is signed.
    pub secret: SecretString,
}

/// One organisation's settings.
#[derive(Debug, Clone, Default)]
pub struct NoticeSettings {
    /// Its terminals renew by themselves: it is told only of failures.
    pub unattended: bool,
    /// Who gets mail, in the order of addresses.
    pub recipients: Vec<MailRecipient>,
    /// Where notices are posted.
    pub webhook: Option<Webhook>,
    /// SHA-256 of the calendar feed's token, hex. The token itself is not stored.
    pub calendar_token_hash: Option<String>,
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

    /// Replaces the settings of an organisation.
    ///
    /// # Errors
    /// When the store is out of reach, or there is no such organisation.
    pub async fn set_notice_settings(
        &self,
        tenant_id: &str,
        settings: NoticeSettings,
    ) -> Result<(), StoreError> {
        let tenant_id = tenant_id.to_owned();
        self.write(move |connection| {
            diesel::delete(notice_settings::table.filter(notice_settings::tenant_id.eq(&tenant_id)))
                .execute(connection)?;
            diesel::delete(notice_recipient::table.filter(notice_recipient::tenant_id.eq(&tenant_id)))
                .execute(connection)?;
            insert(connection, &tenant_id, &settings)
        })
        .await
    }

    /// The organisation whose calendar feed this token opens, by the token's hash.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn tenant_of_calendar(&self, token_hash: &str) -> Result<Option<String>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            Ok(notice_settings::table
                .filter(notice_settings::calendar_token_hash.eq(&token_hash))
                .select(notice_settings::tenant_id)
                .first(connection)
                .optional()?)
        })
        .await
    }
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
            notice_settings::unattended.eq(settings.unattended),
            notice_settings::webhook_url.eq(webhook.map(|webhook| webhook.url.as_str())),
            notice_settings::webhook_secret.eq(webhook.map(|webhook| webhook.secret.expose_secret())),
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

type SettingsColumns = (String, bool, Option<String>, Option<String>, Option<String>);

/// The settings of one organisation, or of all.
fn load(
    connection: &mut AnyConnection,
    only: Option<&str>,
) -> Result<BTreeMap<String, NoticeSettings>, StoreError> {
    let columns = (
        notice_settings::tenant_id,
        notice_settings::unattended,
        notice_settings::webhook_url,
        notice_settings::webhook_secret,
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
    let (tenant_id, unattended, url, secret, calendar_token_hash) = columns;
    let webhook = url.zip(secret).map(|(url, secret)| Webhook { url, secret: SecretString::from(secret) });
    (tenant_id, NoticeSettings { unattended, recipients: Vec::new(), webhook, calendar_token_hash })
}
