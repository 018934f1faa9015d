//! Who may do what on the administration site: one table, asked by every use case.

use super::{Koshin, SiteError, api_scopes::Limit};
use crate::store::{AuditEvent, AuditKind, OnBehalf, Scope, TenantKind};
use jiff::Timestamp;

/// The name in the audit trail of whoever uses `koshin-server` on the machine itself.
pub const COMMAND_LINE: &str = "command line";

/// What can be done to a tenant's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See its terminals and certificates.
    SeeTerminals,
    /// 端末名 and 設置場所.
    RenameTerminal,
    /// 証明書更新, 新規発行, ダウンロード.
    IssueCertificate,
    /// 復旧コード
    IssueRecoveryCode,
    /// 使用停止
    StopTerminal,
    /// Undo a 使用停止.
    UndoStop,
    /// See its administrators.
    SeeAdministrators,
    /// Invite one.
    InviteAdministrator,
    /// Disable one.
    DisableAdministrator,
    /// See which vendors it lets in, or which clinics let it in.
    SeeConsents,
    /// Let a vendor in.
    GrantConsent,
    /// End a consent.
    WithdrawConsent,
    /// 操作履歴
    SeeTrail,
    /// See 通知設定, and what was sent.
    SeeNotices,
    /// Change 通知設定.
    SetNotices,
    /// Make and end tokens of the administration API.
    ManageApiTokens,
    /// See all tenants, with their numbers.
    SeeTenants,
    /// Add, change, suspend and resume tenants.
    ChangeTenants,
    /// See the services with their policies.
    SeePolicies,
    /// Change the policies of services.
    SetPolicies,
    /// 認証局: see the CA and the ends of the server's certificates.
    SeeAuthority,
    /// Search over all tenants.
    SearchEverything,
    /// 一括失効: see what was proposed, and how far it is.
    SeeRevocations,
    /// 一括失効: fix the certificates that somebody may then propose.
    ChooseRevocation,
    /// 一括失効: propose, take back, approve, refuse.
    RevokeMany,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 25] = [
        Self::SeeTerminals,
        Self::RenameTerminal,
        Self::IssueCertificate,
        Self::IssueRecoveryCode,
        Self::StopTerminal,
        Self::UndoStop,
        Self::SeeAdministrators,
        Self::InviteAdministrator,
        Self::DisableAdministrator,
        Self::SeeConsents,
        Self::GrantConsent,
        Self::WithdrawConsent,
        Self::SeeTrail,
        Self::SeeNotices,
        Self::SetNotices,
        Self::ManageApiTokens,
        Self::SeeTenants,
        Self::ChangeTenants,
        Self::SeePolicies,
        Self::SetPolicies,
        Self::SeeAuthority,
        Self::SearchEverything,
        Self::SeeRevocations,
        Self::ChooseRevocation,
        Self::RevokeMany,
    ];

    /// Whether it is about the service as a whole, which only operators run.
    fn is_of_the_service(self) -> bool {
        matches!(
            self,
            Self::SeeTenants
                | Self::ChangeTenants
                | Self::SeePolicies
                | Self::SetPolicies
                | Self::SeeAuthority
                | Self::SearchEverything
                | Self::SeeRevocations
                | Self::ChooseRevocation
                | Self::RevokeMany
        )
    }
}

/// How an administrator's organisation stands to the tenant in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// It is the same.
    Own,
    /// The clinic has consented to this vendor.
    Consenting,
    /// Neither.
    Foreign,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 3] = [Self::Own, Self::Consenting, Self::Foreign];
}

/// Whether an administrator of an organisation of this kind may.
///
/// Everybody governs their own organisation. A vendor looks after the terminals of the
/// clinics that let it, but lets nobody in again whom the clinic stopped, and sees nothing
/// of the clinic's people. An operator looks after all, but never speaks for a clinic: it
/// can end a consent and not give one. Only clinics let vendors in. Tokens are made and
/// ended by the organisation's own people. What is about the service as a whole is the
/// operators' alone, whichever tenant it concerns.
pub fn may(kind: TenantKind, action: Action, tenant: Relation) -> bool {
    use Action::{
        GrantConsent, IssueCertificate, IssueRecoveryCode, ManageApiTokens, RenameTerminal, SeeTerminals,
        StopTerminal,
    };
    if action.is_of_the_service() {
        return kind == TenantKind::Operator;
    }
    match (tenant, kind) {
        (Relation::Own, TenantKind::Clinic) => true,
        (Relation::Own, TenantKind::Vendor | TenantKind::Operator) => action != GrantConsent,
        (Relation::Consenting, TenantKind::Vendor) => matches!(
            action,
            SeeTerminals | RenameTerminal | IssueCertificate | IssueRecoveryCode | StopTerminal
        ),
        (Relation::Consenting | Relation::Foreign, TenantKind::Operator) => {
            !matches!(action, GrantConsent | ManageApiTokens)
        }
        (Relation::Consenting, TenantKind::Clinic)
        | (Relation::Foreign, TenantKind::Clinic | TenantKind::Vendor) => false,
    }
}

/// An administrator who has proved certificate, password and second factor, or the
/// operator at the machine itself, or a program with a token of such an administrator.
/// Only [`super::Session::actor`], [`Koshin::api_caller`] and [`Actor::command_line`]
/// make one.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The account; none at the command line.
    pub(super) administrator_id: Option<i64>,
    pub(super) login: String,
    pub(super) tenant_id: String,
    pub(super) kind: TenantKind,
    /// A program's token.
    pub(super) limit: Limit,
}

impl Actor {
    /// Whoever may run `koshin-server` on the machine, and so has the CA's key.
    pub fn command_line() -> Self {
        Self {
            administrator_id: None,
            login: COMMAND_LINE.to_owned(),
            tenant_id: String::new(),
            kind: TenantKind::Operator,
            limit: Limit::None,
        }
    }

    /// The organisation's id; empty at the command line.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// What the organisation is to the service.
    pub fn kind(&self) -> TenantKind {
        self.kind
    }

    /// Whether it is somebody who proved who they are, and not a program with a token.
    pub(super) fn is_person(&self) -> bool {
        self.limit == Limit::None
    }

    /// The name in the audit trail.
    pub(super) fn words(&self) -> String {
        match self.administrator_id {
            Some(id) => format!("{}@{} (administrator {id})", self.login, self.tenant_id),
            None => self.login.clone(),
        }
    }

    /// On whose word it happens what the actor leaves open in `tenant_id`.
    pub(super) fn on_behalf(&self, tenant_id: &str) -> OnBehalf {
        let foreign = self.kind == TenantKind::Vendor && self.tenant_id != tenant_id;
        OnBehalf {
            administrator_id: self.administrator_id,
            consent: foreign.then(|| (tenant_id.to_owned(), self.tenant_id.clone())),
        }
    }

    pub(super) fn event(
        &self,
        kind: AuditKind,
        tenant_id: &str,
        detail: String,
        now: Timestamp,
    ) -> AuditEvent {
        AuditEvent {
            tenant_id: Some(tenant_id.to_owned()),
            detail,
            actor: Some(self.words()),
            ..AuditEvent::of(kind, now)
        }
    }
}

impl Koshin {
    /// Whether the actor may, with a page in mind: to leave out what would be refused.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn actor_may(&self, actor: &Actor, action: Action, tenant_id: &str) -> Result<bool, SiteError> {
        let may = may(actor.kind, action, self.relation(actor, tenant_id).await?);
        Ok(may && actor.limit.allow(action).is_ok())
    }

    /// Refuses what the table refuses, and what a program's token is not for. Whoever may
    /// not even see a tenant's terminals learns nothing of it, not even that it exists.
    pub(super) async fn permit_site(
        &self,
        actor: &Actor,
        action: Action,
        tenant_id: &str,
    ) -> Result<(), SiteError> {
        let relation = self.relation(actor, tenant_id).await?;
        if may(actor.kind, action, relation) {
            actor.limit.allow(action)
        } else if may(actor.kind, Action::SeeTerminals, relation) {
            Err(SiteError::Forbidden)
        } else {
            Err(SiteError::NotFound)
        }
    }

    /// Refuses whoever does not run the service.
    pub(super) async fn permit_operator(&self, actor: &Actor, action: Action) -> Result<(), SiteError> {
        self.permit_site(actor, action, &actor.tenant_id).await
    }

    /// Whose terminals the actor may see.
    pub(super) async fn scope(&self, actor: &Actor) -> Result<Scope, SiteError> {
        actor.limit.allow(Action::SeeTerminals)?;
        if may(actor.kind, Action::SeeTerminals, Relation::Foreign) {
            return Ok(Scope::Everything);
        }
        let mut tenants = vec![actor.tenant_id.clone()];
        if may(actor.kind, Action::SeeTerminals, Relation::Consenting) {
            tenants.extend(self.store.clinics_of(&actor.tenant_id).await?);
        }
        Ok(Scope::Tenants(tenants))
    }

    async fn relation(&self, actor: &Actor, tenant_id: &str) -> Result<Relation, SiteError> {
        if actor.tenant_id == tenant_id {
            Ok(Relation::Own)
        } else if self.store.consents_to(tenant_id, &actor.tenant_id).await? {
            Ok(Relation::Consenting)
        } else {
            Ok(Relation::Foreign)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row an action; columns: clinic, vendor, operator, each for its own tenant, a
    /// consenting one, a foreign one. `x` may.
    const TABLE: [(Action, &str); 25] = [
        (Action::SeeTerminals, "x.. xx. xxx"),
        (Action::RenameTerminal, "x.. xx. xxx"),
        (Action::IssueCertificate, "x.. xx. xxx"),
        (Action::IssueRecoveryCode, "x.. xx. xxx"),
        (Action::StopTerminal, "x.. xx. xxx"),
        (Action::UndoStop, "x.. x.. xxx"),
        (Action::SeeAdministrators, "x.. x.. xxx"),
        (Action::InviteAdministrator, "x.. x.. xxx"),
        (Action::DisableAdministrator, "x.. x.. xxx"),
        (Action::SeeConsents, "x.. x.. xxx"),
        (Action::GrantConsent, "x.. ... ..."),
        (Action::WithdrawConsent, "x.. x.. xxx"),
        (Action::SeeTrail, "x.. x.. xxx"),
        (Action::SeeNotices, "x.. x.. xxx"),
        (Action::SetNotices, "x.. x.. xxx"),
        (Action::ManageApiTokens, "x.. x.. x.."),
        (Action::SeeTenants, "... ... xxx"),
        (Action::ChangeTenants, "... ... xxx"),
        (Action::SeePolicies, "... ... xxx"),
        (Action::SetPolicies, "... ... xxx"),
        (Action::SeeAuthority, "... ... xxx"),
        (Action::SearchEverything, "... ... xxx"),
        (Action::SeeRevocations, "... ... xxx"),
        (Action::ChooseRevocation, "... ... xxx"),
        (Action::RevokeMany, "... ... xxx"),
    ];

    #[test]
    fn the_whole_table() {
        assert_eq!(TABLE.map(|(action, _)| action), Action::ALL, "every action has its row");
        for (action, row) in TABLE {
            let said: Vec<String> = TenantKind::ALL
                .map(|kind| {
                    Relation::ALL
                        .map(|tenant| if may(kind, action, tenant) { 'x' } else { '.' })
                        .iter()
                        .collect()
                })
                .to_vec();
            assert_eq!(said.join(" "), row, "{action:?}");
        }
    }
}
