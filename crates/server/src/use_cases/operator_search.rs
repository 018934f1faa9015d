//! One field that finds tenants, terminals, certificates and administrators of all tenants.

use super::{
    Koshin, SiteError,
    site_authority::{Action, Actor},
};
use crate::store::{
    AdministratorRow, FoundCertificate, Scope, StoreError, TenantQuery, TenantRow, TerminalQuery,
    TerminalRow, serial_digits,
};
use jiff::Timestamp;

/// Of each kind at most.
const MOST: u32 = 20;

/// What was found, 20 of each at most.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// By id and name.
    pub tenants: Vec<TenantRow>,
    /// By 端末名, 設置場所, CN, tenant and the beginning of the serial of the current certificate.
    pub terminals: Vec<TerminalRow>,
    /// By the beginning of the serial, whatever became of the certificate.
    pub certificates: Vec<FoundCertificate>,
    /// By login, name and mail.
    pub administrators: Vec<AdministratorRow>,
}

impl Koshin {
    /// Searches over all tenants. Nothing to search finds nothing.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn search_everything(
        &self,
        actor: &Actor,
        words: &str,
        now: Timestamp,
    ) -> Result<Findings, SiteError> {
        self.permit_operator(actor, Action::SearchEverything).await?;
        let words = words.trim();
        if words.is_empty() {
            return Ok(Findings::default());
        }
        let search = words.to_owned();
        let tenants =
            TenantQuery { search: search.clone(), per_page: MOST, page: 1, ..TenantQuery::default() };
        let terminals = TerminalQuery { search, per_page: MOST, ..TerminalQuery::default() };
        let certificates = match serial_digits(words) {
            Some(digits) => self.store.find_certificates(&digits, MOST).await?,
            None => Vec::new(),
        };
        Ok(Findings {
            tenants: self.store.tenants(tenants, now).await?.rows,
            terminals: self.store.terminals(Scope::Everything, terminals, now).await?.rows,
            certificates,
            administrators: self.store.find_administrators(words, MOST).await?,
        })
    }

    /// Brings a part of the index behind [`Self::search_everything`] up to date, and says how many terminals waited:
    /// to be called until none does.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn index_names(&self) -> Result<usize, StoreError> {
        self.store.index_names().await
    }
}
