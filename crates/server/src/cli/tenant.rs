//! `koshin-server tenant`

use super::{CliError, Place};
use crate::{
    clock,
    store::{AuditEvent, AuditKind, StoreError, Tenant, TenantKind},
    use_cases::site_authority::COMMAND_LINE,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum TenantCommand {
    /// Add a tenant
    Add {
        /// Identifier, which is also the organization (O) in its certificates
        #[arg(value_parser = tenant_id)]
        id: String,
        /// The clinic's name
        #[arg(long)]
        name: Option<String>,
        /// The service it belongs to: a [service.…] section of the configuration
        #[arg(long, default_value = "default")]
        service: String,
        /// What it is: a clinic, a vendor that looks after clinics, or an operator
        #[arg(long, default_value = "clinic", value_parser = tenant_kind)]
        kind: TenantKind,
    },
    /// Suspend a tenant: its certificates are refused until it is resumed
    Suspend {
        /// Identifier
        id: String,
    },
    /// Let a suspended tenant in again
    Resume {
        /// Identifier
        id: String,
    },
}

/// 1 to 64 characters, so that it fits an organization (RFC 5280, appendix A).
fn tenant_id(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if (1..=64).contains(&length) && text.trim() == text && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("write 1 to 64 characters, without spaces at the ends".to_owned())
    }
}

fn tenant_kind(word: &str) -> Result<TenantKind, String> {
    TenantKind::from_word(word).ok_or_else(|| "write clinic, vendor or operator".to_owned())
}

pub(super) async fn run(place: &Place, command: TenantCommand) -> Result<(), CliError> {
    match command {
        TenantCommand::Add { id, name, service, kind } => add(place, id, name, service, kind).await,
        TenantCommand::Suspend { id } => suspend(place, &id, true).await,
        TenantCommand::Resume { id } => suspend(place, &id, false).await,
    }
}

async fn add(
    place: &Place,
    id: String,
    name: Option<String>,
    service: String,
    kind: TenantKind,
) -> Result<(), CliError> {
    let config = place.config()?;
    if !config.services.contains_key(&service) {
        let known: Vec<&str> = config.services.keys().map(String::as_str).collect();
        return Err(CliError::Subject(format!(
            "the configuration has no [service.{service}]; it has: {}",
            known.join(", ")
        )));
    }
    let now = clock::now();
    let event = AuditEvent {
        tenant_id: Some(id.clone()),
        detail: format!("service {service}, {}", kind.as_str()),
        actor: Some(COMMAND_LINE.to_owned()),
        ..AuditEvent::of(AuditKind::TenantAdded, now)
    };
    let name = name.unwrap_or_else(|| id.clone());
    let tenant = Tenant { id: id.clone(), name, service, suspended: false, kind };
    match place.store()?.add_tenant(tenant, now, event).await {
        Err(StoreError::Exists(_)) => {
            Err(CliError::Subject(format!("there is a tenant {id:?} already; nothing was changed")))
        }
        other => {
            other?;
            say!("added tenant {id}");
            Ok(())
        }
    }
}

async fn suspend(place: &Place, id: &str, suspended: bool) -> Result<(), CliError> {
    let kind = if suspended { AuditKind::TenantSuspended } else { AuditKind::TenantResumed };
    let event = AuditEvent {
        tenant_id: Some(id.to_owned()),
        actor: Some(COMMAND_LINE.to_owned()),
        ..AuditEvent::of(kind, clock::now())
    };
    if place.store()?.suspend_tenant(id, suspended, event).await? {
        say!("{} tenant {id}", if suspended { "suspended" } else { "resumed" });
        Ok(())
    } else {
        Err(CliError::Subject(format!("there is no tenant {id:?}")))
    }
}
