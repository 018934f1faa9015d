//! What a token of the administration API is for: a second limit, inside what its maker
//! may anyway.

use super::{
    SiteError,
    site_authority::{Action, Relation, may},
};
use crate::store::TenantKind;

/// Something that a token may be for. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ApiScope {
    /// Lists, details, figures.
    TerminalsRead,
    /// 端末名, 設置場所, 使用停止 and its undoing.
    TerminalsWrite,
    /// 証明書更新, 新規発行, ダウンロード.
    CertificatesIssue,
    /// 復旧コード
    RecoveryIssue,
    /// Administrators and consents.
    OrganisationRead,
    /// 操作履歴
    TrailRead,
    /// 通知設定 and what was sent.
    NoticesRead,
    /// Who gets mail.
    NoticesWrite,
    /// Tenants with their numbers.
    TenantsRead,
    /// Add, change, suspend and resume tenants.
    TenantsWrite,
    /// Services with their policies, and the CA.
    ServicesRead,
    /// Policies of services.
    ServicesWrite,
    /// 一括失効: how far they are.
    RevocationsRead,
    /// 一括失効: fix the certificates that a person may then propose.
    RevocationsPrepare,
}

impl ApiScope {
    /// Every scope, in the order of the page.
    pub const ALL: [Self; 14] = [
        Self::TerminalsRead,
        Self::TerminalsWrite,
        Self::CertificatesIssue,
        Self::RecoveryIssue,
        Self::OrganisationRead,
        Self::TrailRead,
        Self::NoticesRead,
        Self::NoticesWrite,
        Self::TenantsRead,
        Self::TenantsWrite,
        Self::ServicesRead,
        Self::ServicesWrite,
        Self::RevocationsRead,
        Self::RevocationsPrepare,
    ];

    /// The word in records, requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TerminalsRead => "terminals:read",
            Self::TerminalsWrite => "terminals:write",
            Self::CertificatesIssue => "certificates:issue",
            Self::RecoveryIssue => "recovery:issue",
            Self::OrganisationRead => "organisation:read",
            Self::TrailRead => "trail:read",
            Self::NoticesRead => "notices:read",
            Self::NoticesWrite => "notices:write",
            Self::TenantsRead => "tenants:read",
            Self::TenantsWrite => "tenants:write",
            Self::ServicesRead => "services:read",
            Self::ServicesWrite => "services:write",
            Self::RevocationsRead => "revocations:read",
            Self::RevocationsPrepare => "revocations:prepare",
        }
    }

    /// The scope of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// The scope that an action needs; `None` for what no token may, whoever made it:
    /// letting people, vendors and other programs in stays with people, and so does 一括失効,
    /// of which a program only prepares the list.
    pub fn of(action: Action) -> Option<Self> {
        match action {
            Action::SeeTerminals => Some(Self::TerminalsRead),
            Action::RenameTerminal | Action::StopTerminal | Action::UndoStop => Some(Self::TerminalsWrite),
            Action::IssueCertificate => Some(Self::CertificatesIssue),
            Action::IssueRecoveryCode => Some(Self::RecoveryIssue),
            Action::SeeAdministrators | Action::SeeConsents => Some(Self::OrganisationRead),
            Action::SeeTrail => Some(Self::TrailRead),
            Action::SeeNotices => Some(Self::NoticesRead),
            Action::SetNotices => Some(Self::NoticesWrite),
            Action::SeeTenants => Some(Self::TenantsRead),
            Action::ChangeTenants => Some(Self::TenantsWrite),
            Action::SeePolicies | Action::SeeAuthority => Some(Self::ServicesRead),
            Action::SetPolicies => Some(Self::ServicesWrite),
            Action::SeeRevocations => Some(Self::RevocationsRead),
            Action::ChooseRevocation => Some(Self::RevocationsPrepare),
            Action::InviteAdministrator
            | Action::DisableAdministrator
            | Action::GrantConsent
            | Action::WithdrawConsent
            | Action::ManageApiTokens
            | Action::SearchEverything
            | Action::RevokeMany => None,
        }
    }

    /// The scopes that make sense for an organisation of this kind: a token for what its
    /// maker may not would open nothing.
    pub fn open_to(kind: TenantKind) -> Vec<Self> {
        let may_any = |action| Relation::ALL.into_iter().any(|relation| may(kind, action, relation));
        let opens = |scope: &Self| {
            Action::ALL.into_iter().any(|action| Self::of(action) == Some(*scope) && may_any(action))
        };
        Self::ALL.into_iter().filter(opens).collect()
    }
}

/// What an actor may use of its rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Limit {
    /// A person: all of them.
    None,
    /// A program with a token.
    Scopes(Vec<ApiScope>),
}

impl Limit {
    /// Refuses what the token is not for.
    pub(super) fn allow(&self, action: Action) -> Result<(), SiteError> {
        match (self, ApiScope::of(action)) {
            (Self::None, _) => Ok(()),
            (Self::Scopes(scopes), Some(scope)) if scopes.contains(&scope) => Ok(()),
            (Self::Scopes(_), Some(scope)) => Err(SiteError::ScopeMissing(scope)),
            (Self::Scopes(_), None) => Err(SiteError::Forbidden),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_what_its_scopes_name_and_nothing_else() {
        let all = Limit::Scopes(ApiScope::ALL.to_vec());
        for action in Action::ALL {
            assert!(Limit::None.allow(action).is_ok(), "a person: {action:?}");
            let Some(needed) = ApiScope::of(action) else {
                assert!(matches!(all.allow(action), Err(SiteError::Forbidden)), "{action:?}");
                continue;
            };
            for scope in ApiScope::ALL {
                let allowed = Limit::Scopes(vec![scope]).allow(action);
                match allowed {
                    Ok(()) => assert_eq!(scope, needed, "{action:?}"),
                    Err(SiteError::ScopeMissing(missing)) => {
                        assert_eq!(missing, needed, "{action:?} by {scope:?}");
                        assert_ne!(scope, needed);
                    }
                    other => panic!("{action:?} by {scope:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn who_lets_others_in_is_a_person() {
        for action in [
            Action::InviteAdministrator,
            Action::DisableAdministrator,
            Action::GrantConsent,
            Action::ManageApiTokens,
            Action::RevokeMany,
        ] {
            assert_eq!(ApiScope::of(action), None, "{action:?}");
        }
    }

    #[test]
    fn every_scope_opens_something_to_somebody_and_its_word_leads_back() {
        for scope in ApiScope::ALL {
            assert!(
                TenantKind::ALL.iter().any(|kind| ApiScope::open_to(*kind).contains(&scope)),
                "{scope:?}"
            );
            assert_eq!(ApiScope::from_word(scope.as_str()), Some(scope));
        }
    }
}
