//! One field that finds tenants, terminals, certificates and administrators of all tenants.

use super::{
    Koshin, SiteError,
    site_authority::{Action, Actor},
};
use crate::store::{
    AdministratorRow, FoundCertificate, Scope, TenantQuery, TenantRow, TerminalQuery, TerminalRow,
};
use jiff::Timestamp;

/// Of each kind at most.
const MOST: u32 = 20;
/// Hex digits from which a word can be the beginning of a serial.
const FEWEST_DIGITS: usize = 4;

/// What was found, 20 of each at most.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// By id and name.
    pub tenants: Vec<TenantRow>,
    /// By 端末名, 設置場所, CN, tenant and the serial of the current certificate.
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
}

/// The word as the beginning of a serial, as people paste it: `4A:F0:…` or `4af0…`.
fn serial_digits(words: &str) -> Option<String> {
    let digits: String =
        words.chars().filter(|character| *character != ':').collect::<String>().to_ascii_lowercase();
    let hex = digits.len() >= FEWEST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_found_as_people_paste_it() {
        assert_eq!(serial_digits("4A:F0:01").as_deref(), Some("4af001"));
        assert_eq!(serial_digits("4af0").as_deref(), Some("4af0"));
        assert_eq!(serial_digits("4af"), None, "too many would begin so");
        assert_eq!(serial_digits("受付1"), None);
        assert_eq!(serial_digits("4af0 1"), None);
    }
}
