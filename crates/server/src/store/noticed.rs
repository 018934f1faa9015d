//! What a notice is about, and who is told: certificates that near their end, with their
//! clinic, its vendors and the operators.

use super::{
    AnyConnection, Store, StoreError,
    certificates::state_from,
    endings, in_state, instant,
    schema::{certificate, consent, tenant, terminal},
};
use diesel::prelude::*;
use jiff::Timestamp;
use koshin_policy::{
    CertificateState,
    notice::{Audience, Notice},
};

/// A certificate in use, as notices speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticedCertificate {
    /// Hex serial.
    pub serial: String,
    /// Its state.
    pub state: CertificateState,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// Common name.
    pub common_name: String,
    /// 端末名.
    pub label: Option<String>,
    /// The clinic.
    pub tenant_id: String,
    /// The clinic's name.
    pub tenant_name: String,
    /// The service, by its id in the configuration.
    pub service: String,
    /// Whether the clinic is suspended, or the terminal stopped: nobody is told then.
    pub halted: bool,
    /// Whether every attempt to renew has failed of late.
    pub failing: bool,
    /// Whether the renewed certificate is there and waits for its first use.
    pub renewal_waits: bool,
}

/// Whom a clinic's notices reach.
#[derive(Debug, Clone, Default)]
pub struct Circles {
    /// The vendors that each clinic lets look after it: (clinic, vendor).
    vendors: Vec<(String, String)>,
    operators: Vec<String>,
}

impl Circles {
    /// The circles of these vendors, each with a clinic that lets it look after it, and of
    /// these operators.
    pub fn new(vendors: Vec<(String, String)>, operators: Vec<String>) -> Self {
        Self { vendors, operators }
    }

    /// The organisations of this circle around a clinic.
    pub fn of<'a>(&'a self, clinic: &'a str, audience: Audience) -> Vec<&'a str> {
        match audience {
            Audience::Clinic => vec![clinic],
            Audience::Vendor => {
                let own = self.vendors.iter().filter(|(of, _)| of == clinic);
                own.map(|(_, vendor)| vendor.as_str()).collect()
            }
            Audience::Operator => self.operators.iter().map(String::as_str).collect(),
        }
    }

    /// The organisations that are told by this notice of a clinic's certificate.
    pub fn told<'a>(&'a self, clinic: &'a str, notice: Notice) -> Vec<&'a str> {
        notice.audiences().iter().flat_map(|audience| self.of(clinic, *audience)).collect()
    }

    /// The organisations whose certificates this one may see; `None` for all.
    fn seen_by(&self, tenant_id: &str) -> Option<Vec<String>> {
        if self.operators.iter().any(|operator| operator == tenant_id) {
            return None;
        }
        let clinics = self.vendors.iter().filter(|(_, vendor)| vendor == tenant_id);
        Some(clinics.map(|(clinic, _)| clinic.clone()).chain([tenant_id.to_owned()]).collect())
    }
}

type Columns =
    (String, String, i64, (String, Option<String>, Option<i64>, Option<i64>), (String, String, String, bool));

/// The columns of [`Columns`], in its order.
macro_rules! columns {
    () => {
        (
            certificate::serial,
            certificate::state,
            certificate::not_after,
            (terminal::common_name, terminal::label, terminal::failing_since, terminal::stopped_at),
            (tenant::id, tenant::name, tenant::service, tenant::suspended),
        )
    };
}
impl Store {
    /// The certificates in use that end between these instants, of tenants and terminals
    /// that are not suspended or stopped.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn certificates_ending(
        &self,
        ends: (Timestamp, Timestamp),
    ) -> Result<Vec<NoticedCertificate>, StoreError> {
        self.read(move |connection| ending(connection, ends, None, None)).await
    }

    /// One certificate, whatever its state.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn noticed_certificate(&self, serial: &str) -> Result<Option<NoticedCertificate>, StoreError> {
        let serial = serial.to_owned();
        self.read(move |connection| {
            let row: Option<Columns> = certificate::table
                .inner_join(terminal::table.inner_join(tenant::table))
                .filter(certificate::serial.eq(&serial))
                .select(columns!())
                .get_result(connection)
                .optional()?;
            let waits = renewal_waits(connection, &serial)?;
            row.map(|row| into_noticed(row, waits)).transpose()
        })
        .await
    }

    /// Those of [`Self::certificates_ending`] that an organisation may see: its own, those of
    /// clinics that let it look after them; an operator sees all. The `most` that end first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn certificates_seen_by(
        &self,
        tenant_id: &str,
        ends: (Timestamp, Timestamp),
        most: u32,
    ) -> Result<Vec<NoticedCertificate>, StoreError> {
        let seen = self.circles().await?.seen_by(tenant_id);
        self.read(move |connection| ending(connection, ends, seen.as_deref(), Some(most))).await
    }

    /// Who looks after whom. Whoever is suspended looks after nobody.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn circles(&self) -> Result<Circles, StoreError> {
        self.read(|connection| {
            let vendors = consent::table
                .inner_join(tenant::table.on(tenant::id.eq(consent::vendor)))
                .filter(consent::withdrawn_at.is_null())
                .filter(tenant::suspended.eq(false))
                .select((consent::clinic, consent::vendor))
                .order((consent::clinic, consent::vendor))
                .load(connection)?;
            let operators = tenant::table
                .filter(tenant::kind.eq("operator"))
                .filter(tenant::suspended.eq(false))
                .order(tenant::id)
                .select(tenant::id)
                .load(connection)?;
            Ok(Circles::new(vendors, operators))
        })
        .await
    }
}

fn ending(
    connection: &mut AnyConnection,
    ends: (Timestamp, Timestamp),
    only: Option<&[String]>,
    most: Option<u32>,
) -> Result<Vec<NoticedCertificate>, StoreError> {
    let found = certificate::table
        .inner_join(terminal::table.inner_join(tenant::table))
        .filter(certificate::state.eq(CertificateState::InUse.as_str()))
        .filter(certificate::not_after.between(ends.0.as_second(), ends.1.as_second()))
        .filter(tenant::suspended.eq(false))
        .filter(terminal::stopped_at.is_null())
        .order((certificate::not_after, certificate::serial))
        .limit(most.map_or(i64::MAX, i64::from));
    let rows: Vec<Columns> = match only {
        Some(tenants) => found.filter(tenant::id.eq_any(tenants)).select(columns!()).load(connection)?,
        None => found.select(columns!()).load(connection)?,
    };
    rows.into_iter().map(|row| into_noticed(row, false)).collect()
}

fn renewal_waits(connection: &mut AnyConnection, serial: &str) -> Result<bool, StoreError> {
    let terminals = endings::terminals_of(connection, &[serial])?;
    let waiting: i64 = certificate::table
        .filter(certificate::terminal_id.eq_any(terminals))
        .filter(certificate::parent.eq(serial))
        .filter(in_state::issued())
        .count()
        .get_result(connection)?;
    Ok(waiting > 0)
}

fn into_noticed(columns: Columns, renewal_waits: bool) -> Result<NoticedCertificate, StoreError> {
    let (serial, state, not_after, terminal, organisation) = columns;
    let (common_name, label, failing_since, stopped_at) = terminal;
    let (tenant_id, tenant_name, service, suspended) = organisation;
    Ok(NoticedCertificate {
        serial,
        state: state_from(&state)?,
        not_after: instant(not_after)?,
        common_name,
        label,
        tenant_id,
        tenant_name,
        service,
        halted: suspended || stopped_at.is_some(),
        failing: failing_since.is_some(),
        renewal_waits,
    })
}
