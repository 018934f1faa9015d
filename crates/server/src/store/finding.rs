//! One search over everything, for operators.

use super::{
    AdministratorRow, AnyConnection, Store, StoreError,
    accounts::administrators_like,
    certificates::state_from,
    folding::containing,
    instant,
    schema::{certificate, tenant, terminal},
    search::serials_beginning,
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::CertificateState;

/// A certificate that was found by its serial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCertificate {
    /// Hex serial.
    pub serial: String,
    /// Its tenant.
    pub tenant_id: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// Common name.
    pub common_name: String,
    /// State in the records.
    pub state: CertificateState,
    /// Its end.
    pub not_after: Timestamp,
}

impl Store {
    /// Administrators whose login, name or mail contains `words`, `most` at most.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn find_administrators(
        &self,
        words: &str,
        most: u32,
    ) -> Result<Vec<AdministratorRow>, StoreError> {
        let pattern = containing(words);
        self.read(move |connection| administrators_like(connection, &pattern, i64::from(most))).await
    }

    /// Certificates whose serial begins with these hex digits, whatever became of them,
    /// `most` at most.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn find_certificates(
        &self,
        digits: &str,
        most: u32,
    ) -> Result<Vec<FoundCertificate>, StoreError> {
        let digits = digits.to_owned();
        self.read(move |connection| by_serial(connection, &digits, i64::from(most))).await
    }
}

type Columns = (String, String, String, String, String, i64);

fn by_serial(
    connection: &mut AnyConnection,
    digits: &str,
    most: i64,
) -> Result<Vec<FoundCertificate>, StoreError> {
    let serials = serials_beginning(digits);
    let rows: Vec<Columns> = certificate::table
        .inner_join(terminal::table.inner_join(tenant::table))
        .filter(certificate::serial.ge(serials.start))
        .filter(certificate::serial.lt(serials.end))
        .order(certificate::serial)
        .limit(most)
        .select((
            certificate::serial,
            tenant::id,
            tenant::name,
            terminal::common_name,
            certificate::state,
            certificate::not_after,
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(serial, tenant_id, tenant_name, common_name, state, not_after)| {
            Ok(FoundCertificate {
                serial,
                tenant_id,
                tenant_name,
                common_name,
                state: state_from(&state)?,
                not_after: instant(not_after)?,
            })
        })
        .collect()
}
