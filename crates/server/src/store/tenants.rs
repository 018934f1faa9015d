//! Tenants (医療機関) and their terminals (端末).

use super::{
    AnyConnection, AuditEvent, Store, StoreError, account_care,
    attempts::{self, Excluded},
    audit,
    connection::{Lock, lock, lock_terminal},
    folding::fold,
    overview,
    schema::{tenant, terminal},
};
use diesel::prelude::*;
use jiff::Timestamp;

/// What an organisation is to the service; its administrators' rights follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TenantKind {
    /// 医療機関
    Clinic,
    /// 保守会社: looks after the clinics that let it.
    Vendor,
    /// Runs the service.
    Operator,
}

impl TenantKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Clinic, Self::Vendor, Self::Operator];

    /// The word in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clinic => "clinic",
            Self::Vendor => "vendor",
            Self::Operator => "operator",
        }
    }

    /// The kind that [`Self::as_str`] names, if any.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    pub(super) fn from_record(word: &str) -> Result<Self, StoreError> {
        Self::from_word(word).ok_or_else(|| StoreError::Corrupt(format!("kind of tenant {word:?}")))
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Identifier, which is also the organization (O) in its certificates.
    pub id: String,
    /// The clinic's name.
    pub name: String,
    /// The service it belongs to, by its id in the configuration.
    pub service: String,
    /// Whether the operator suspended it.
    pub suspended: bool,
    /// What it is to the service.
    pub kind: TenantKind,
}

/// A terminal to be known from now on.
#[derive(Debug, Clone)]
pub struct NewTerminal {
    /// Its tenant.
    pub tenant_id: String,
    /// Common name of its certificates, unique in the tenant.
    pub common_name: String,
    /// 端末名; `None` leaves a known terminal's label alone.
    pub label: Option<String>,
}

/// A terminal as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    /// Row identifier.
    pub id: i64,
    /// Its tenant.
    pub tenant_id: String,
    /// Common name of its certificates.
    pub common_name: String,
    /// 端末名.
    pub label: Option<String>,
}

impl Store {
    /// Adds a tenant.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the id is taken.
    pub async fn add_tenant(&self, new: Tenant, now: Timestamp, event: AuditEvent) -> Result<(), StoreError> {
        self.add_tenant_with_hours(new, None, now, event).await
    }

    /// Adds a tenant that likes to be renewed in these hours, `HH:MM-HH:MM`.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the id is taken.
    pub async fn add_tenant_with_hours(
        &self,
        new: Tenant,
        hours: Option<String>,
        now: Timestamp,
        event: AuditEvent,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            diesel::insert_into(tenant::table)
                .values((
                    tenant::id.eq(&new.id),
                    tenant::name.eq(&new.name),
                    tenant::service.eq(&new.service),
                    tenant::suspended.eq(new.suspended),
                    tenant::created_at.eq(now.as_second()),
                    tenant::kind.eq(new.kind.as_str()),
                    tenant::preferred_hours.eq(&hours),
                    tenant::search_text.eq(searched(&new.id, &new.name)),
                ))
                .execute(connection)?;
            audit::record(connection, &event)
        })
        .await
    }

    /// The ids of the services that tenants belong to.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn services_in_use(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| Ok(tenant::table.select(tenant::service).distinct().load(connection)?)).await
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn tenant(&self, id: &str) -> Result<Option<Tenant>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| find_tenant(connection, &id)).await
    }

    /// The terminal of this tenant and common name.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn terminal_named(
        &self,
        tenant_id: &str,
        common_name: &str,
    ) -> Result<Option<Terminal>, StoreError> {
        let (tenant_id, common_name) = (tenant_id.to_owned(), common_name.to_owned());
        self.read(move |connection| find(connection, &tenant_id, &common_name)).await
    }

    /// Adds a terminal with its 設置場所. Returns its row identifier.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the tenant has a terminal of this common name.
    pub async fn add_terminal(
        &self,
        new: NewTerminal,
        place: Option<String>,
        event: AuditEvent,
    ) -> Result<i64, StoreError> {
        self.write(move |connection| {
            diesel::insert_into(terminal::table)
                .values((
                    terminal::tenant_id.eq(&new.tenant_id),
                    terminal::common_name.eq(&new.common_name),
                    terminal::label.eq(&new.label),
                    terminal::place.eq(&place),
                    terminal::created_at.eq(event.at.as_second()),
                ))
                .execute(connection)?;
            let made = find(connection, &new.tenant_id, &new.common_name)?
                .ok_or(StoreError::Conflict("the terminal vanished while it was made"))?;
            overview::refresh(connection, made.id)?;
            audit::record(connection, &event)?;
            Ok(made.id)
        })
        .await
    }

    /// Suspends a tenant, or lets it in again. With a suspension everything ends that its
    /// people have left open, here and in the clinics that let it in: sessions, tokens,
    /// recovery codes, and certificates that wait to be carried. `false` when there is no such
    /// tenant.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn suspend_tenant(
        &self,
        id: &str,
        suspended: bool,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| suspend(connection, &id, suspended, &event)).await
    }

    /// The same for operators on the site: one of their organisations must stay, or only the
    /// command line could let anybody in again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when no other operator would be left; else when the store is
    /// out of reach.
    pub async fn suspend_tenant_if_another_operates(
        &self,
        id: &str,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            lock(connection, Lock::Operators)?;
            another_operates(connection, &id)?;
            suspend(connection, &id, true, &event)
        })
        .await
    }

    /// The terminal of this name, made if it is new, its label brought up to date.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn ensure_terminal(&self, new: NewTerminal, now: Timestamp) -> Result<Terminal, StoreError> {
        self.write(move |connection| {
            if let Some(mut known) = find(connection, &new.tenant_id, &new.common_name)? {
                if let Some(label) = new.label.clone().filter(|label| known.label.as_ref() != Some(label)) {
                    lock_terminal(connection, known.id)?;
                    diesel::update(terminal::table.filter(terminal::id.eq(known.id)))
                        .set(terminal::label.eq(&label))
                        .execute(connection)?;
                    overview::refresh(connection, known.id)?;
                    known.label = Some(label);
                }
                return Ok(known);
            }
            diesel::insert_into(terminal::table)
                .values((
                    terminal::tenant_id.eq(&new.tenant_id),
                    terminal::common_name.eq(&new.common_name),
                    terminal::label.eq(&new.label),
                    terminal::created_at.eq(now.as_second()),
                ))
                .execute(connection)?;
            let made = find(connection, &new.tenant_id, &new.common_name)?
                .ok_or(StoreError::Conflict("the terminal vanished while it was made"))?;
            overview::refresh(connection, made.id)?;
            Ok(made)
        })
        .await
    }
}

/// What of a tenant is searched.
pub(super) fn searched(id: &str, name: &str) -> String {
    format!("{}\n{}", fold(id), fold(name))
}

/// Fills in what is searched of the tenants that were recorded before they could be.
pub(super) fn fold_never_folded(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let plain: Vec<(String, String)> = tenant::table
        .filter(tenant::search_text.eq(""))
        .select((tenant::id, tenant::name))
        .load(connection)?;
    for (id, name) in plain {
        diesel::update(tenant::table.filter(tenant::id.eq(&id)))
            .set(tenant::search_text.eq(searched(&id, &name)))
            .execute(connection)?;
    }
    Ok(())
}

/// The tenant with this id, in the caller's transaction.
pub(super) fn find_tenant(connection: &mut AnyConnection, id: &str) -> Result<Option<Tenant>, StoreError> {
    let row: Option<(String, String, String, bool, String)> = tenant::table
        .filter(tenant::id.eq(id))
        .select((tenant::id, tenant::name, tenant::service, tenant::suspended, tenant::kind))
        .first(connection)
        .optional()?;
    row.map(|(id, name, service, suspended, kind)| {
        Ok(Tenant { id, name, service, suspended, kind: TenantKind::from_record(&kind)? })
    })
    .transpose()
}

fn suspend(
    connection: &mut AnyConnection,
    id: &str,
    suspended: bool,
    event: &AuditEvent,
) -> Result<bool, StoreError> {
    let changed = diesel::update(tenant::table.filter(tenant::id.eq(id)))
        .set(tenant::suspended.eq(suspended))
        .execute(connection)?;
    if changed == 1 && suspended {
        account_care::close_all(connection, id, event)?;
    } else if changed == 1 {
        attempts::forget_exclusion(connection, &Excluded::Tenant(id))?;
    }
    audit::record_if(connection, changed, event)
}

/// Two operators' organisations that suspend each other at once would leave nobody.
fn another_operates(connection: &mut AnyConnection, id: &str) -> Result<(), StoreError> {
    let operator = TenantKind::Operator.as_str();
    let is_operator = tenant::table.filter(tenant::id.eq(id)).filter(tenant::kind.eq(operator));
    if is_operator.count().get_result::<i64>(connection)? == 0 {
        return Ok(());
    }
    let others = tenant::table
        .filter(tenant::kind.eq(operator))
        .filter(tenant::suspended.eq(false))
        .filter(tenant::id.ne(id));
    match others.count().get_result::<i64>(connection)? {
        0 => Err(StoreError::Conflict("it is the last organisation that operates the service")),
        _ => Ok(()),
    }
}

fn find(
    connection: &mut AnyConnection,
    tenant_id: &str,
    common_name: &str,
) -> Result<Option<Terminal>, StoreError> {
    let row: Option<(i64, String, String, Option<String>)> = terminal::table
        .filter(terminal::tenant_id.eq(tenant_id))
        .filter(terminal::common_name.eq(common_name))
        .select((terminal::id, terminal::tenant_id, terminal::common_name, terminal::label))
        .first(connection)
        .optional()?;
    Ok(row.map(|(id, tenant_id, common_name, label)| Terminal { id, tenant_id, common_name, label }))
}
