//! Invitations: how an account comes to be. There is no default account; the first one
//! comes by `koshin-server admin invite`.

use super::{
    FieldRefusal, InvitationRefusal, Koshin, SessionEnd, SiteError, SiteVisitor, UseCaseError,
    notice_settings::seal_link,
    second_factor::TotpSecret,
    site_authority::{Action, Actor},
    site_password::{self, Surroundings},
};
use crate::{
    entropy,
    notices::mail_address::MailAddress,
    store::{
        Announcement, Audience, AuditEvent, AuditKind, EnrolmentRow, InvitationRow, NewInvitation, Occasion,
        Occurrence, ResetRow, StoreError, Used, fold,
    },
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// How long an invitation is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(72);

/// An invitation that is still good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationInfo {
    /// To which organisation.
    pub tenant_id: String,
    /// The organisation's name.
    pub tenant_name: String,
    /// To whom it was sent.
    pub mail: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// The account that it sets up anew; none for a new account.
    pub resets: Option<ResetRow>,
}

/// An invitation that was made.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The token of the link, shown once.
    pub token: SecretString,
    /// Whether the link goes out by mail as well.
    pub mailed: bool,
}

/// What an invited person chooses.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// Login name; an account that is set up anew keeps its own.
    pub login: String,
    /// Name of the person; an account that is set up anew keeps its own.
    pub name: String,
    /// New password.
    pub password: SecretString,
}

/// A second factor that waits to be proved.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// What an authenticator reads from a QR code.
    pub otpauth_uri: SecretString,
    /// What a person types into one without a camera.
    pub secret_base32: SecretString,
}

impl Koshin {
    /// Invites somebody to be an administrator of `tenant`. The link is mailed, where this
    /// server can mail, and its token returned: it is shown once, and kept only sealed, for
    /// the mail, until that has been sent.
    ///
    /// # Errors
    /// What the table refuses; an organisation or address that cannot be.
    pub async fn invite(
        &self,
        actor: &Actor,
        tenant: &str,
        mail: &str,
        now: Timestamp,
    ) -> Result<Invited, SiteError> {
        self.permit_site(actor, Action::InviteAdministrator, tenant).await?;
        let mail = MailAddress::parse(mail).map_err(|_| SiteError::Field(FieldRefusal::Mail))?;
        let mail = mail.as_str().to_owned();
        if self.store.tenant(tenant).await?.is_none() {
            return Err(UseCaseError::UnknownTenant(tenant.to_owned()).into());
        }
        let (token, invitation) = fresh_invitation(actor, tenant, &mail, now);
        let told = self.invitation_mail(actor, &invitation, &token)?;
        let event = actor.event(AuditKind::AdministratorInvited, tenant, mail, now);
        let added = self.store.add_invitation(invitation, Occasion { event, told }).await;
        let mailed = added.map_err(|error| match error {
            StoreError::Conflict(_) => SiteError::SessionEnded(SessionEnd::AccountDisabled),
            other => other.into(),
        })?;
        self.wake_notices();
        Ok(Invited { token, mailed })
    }

    /// The mail with the link, if this server can send it and the link can be opened.
    fn invitation_mail(
        &self,
        actor: &Actor,
        invitation: &NewInvitation,
        token: &SecretString,
    ) -> Result<Option<Announcement>, SiteError> {
        if self.config.mail.is_none() || self.config.site.is_none() {
            return Ok(None);
        }
        let (tenant_id, address) = (invitation.tenant_id.clone(), invitation.mail.clone());
        let sealed = seal_link(self.second_factor_key()?, &tenant_id, &address, token)?;
        Ok(Some(Announcement {
            occurrence: Occurrence::Invitation { by: actor.name(), good_until: invitation.expires_at },
            to: Audience::Person { tenant_id, address, sealed },
            mails: true,
        }))
    }

    /// Makes a link with which an administrator sets up password and second factor anew;
    /// what was used until then ends when the link is used. Nobody makes one for
    /// themselves: that would be a way around the present password.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Forbidden`] for oneself.
    pub async fn reset_administrator(
        &self,
        actor: &Actor,
        id: i64,
        now: Timestamp,
    ) -> Result<SecretString, SiteError> {
        let account = self.administrator(actor, id).await?;
        self.permit_site(actor, Action::InviteAdministrator, &account.tenant_id).await?;
        if !account.active {
            return Err(SiteError::NotFound);
        }
        if actor.administrator_id == Some(id) {
            return Err(SiteError::Forbidden);
        }
        let (token, invitation) = fresh_invitation(actor, &account.tenant_id, &account.mail, now);
        let detail = format!("{} ({})", account.login, account.mail);
        let event = actor.event(AuditKind::ResetLinkIssued, &account.tenant_id, detail, now);
        let issued =
            Occurrence::ResetLinkIssued { login: account.login, name: account.name, by: actor.name() };
        let told = Some(self.announced(&account.tenant_id, issued));
        self.store.add_reset(invitation, id, Occasion { event, told }).await.map_err(
            |error| match error {
                // Disabled in between, as above.
                StoreError::Conflict(_) => SiteError::NotFound,
                other => other.into(),
            },
        )?;
        self.wake_notices();
        Ok(token)
    }

    /// The invitation under `token`, for a browser with a certificate of its organisation.
    ///
    /// # Errors
    /// [`SiteError::Invitation`] says why it is not good.
    pub async fn invitation(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<InvitationInfo, SiteError> {
        let hash = secret_hash(token);
        let found = self.store.invitation(&hash).await?;
        let InvitationRow { tenant_id, tenant_name, mail, expires_at, used } =
            found.ok_or(SiteError::Invitation(InvitationRefusal::Unknown))?;
        let refusal = if tenant_id != visitor.tenant_id {
            Some(InvitationRefusal::OtherOrganisation)
        } else if used {
            Some(InvitationRefusal::Used)
        } else {
            (expires_at <= now).then_some(InvitationRefusal::Expired)
        };
        match refusal {
            Some(refusal) => Err(SiteError::Invitation(refusal)),
            None => {
                let resets = self.store.reset_of(&hash).await?;
                if resets.as_ref().is_some_and(|account| !account.active) {
                    return Err(SiteError::Invitation(InvitationRefusal::Disabled));
                }
                Ok(InvitationInfo { tenant_id, tenant_name, mail, expires_at, resets })
            }
        }
    }

    /// Takes what the invited person chose, and makes a second factor. May be repeated:
    /// the last one counts.
    ///
    /// # Errors
    /// A bad invitation, field or password; a login that is taken.
    pub async fn begin_set_up(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        chosen: SetUp,
        now: Timestamp,
    ) -> Result<Enrolment, SiteError> {
        let invitation = self.invitation(visitor, token, now).await?;
        let (login, name) = match &invitation.resets {
            None => (login_name(&chosen.login)?, text(&chosen.name, FieldRefusal::Name)?),
            Some(account) => (account.login.clone(), account.name.clone()),
        };
        let around = Surroundings {
            person: [&login, &name],
            organisation: [&invitation.tenant_id, &invitation.tenant_name],
        };
        site_password::judge(&chosen.password, &around).map_err(SiteError::Password)?;
        let taken = self.store.credentials(&invitation.tenant_id, &login).await?.is_some();
        if taken && invitation.resets.is_none() {
            return Err(SiteError::LoginTaken);
        }
        let password_hash = self.hash_password(chosen.password).await?;
        let secret = TotpSecret::fresh();
        let totp_sealed = self.second_factor_key()?.seal(&secret, &owner(&invitation.tenant_id, &login))?;
        let enrolment = Enrolment { otpauth_uri: secret.uri(&login), secret_base32: secret.base32() };
        let row = EnrolmentRow { login, name, password_hash, totp_sealed };
        match self.store.keep_enrolment(&secret_hash(token), row).await {
            Ok(()) => Ok(enrolment),
            // Used or withdrawn in between.
            Err(StoreError::Conflict(_)) => Err(SiteError::Invitation(InvitationRefusal::Used)),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the account, once a code proves that the authenticator has the secret. That
    /// code is not good for the sign-in that follows.
    ///
    /// # Errors
    /// A bad invitation, nothing begun, a wrong code, a login taken meanwhile.
    pub async fn finish_set_up(
        &self,
        visitor: &SiteVisitor,
        token: &SecretString,
        code: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let invitation = self.invitation(visitor, token, now).await?;
        let hash = secret_hash(token);
        let entered = self.store.enrolment(&hash).await?.ok_or(SiteError::NotFound)?;
        let owner = owner(&invitation.tenant_id, &entered.login);
        let secret = self.second_factor_key()?.open(&entered.totp_sealed, &owner)?;
        let step = secret.step_of(code, now).ok_or(SiteError::WrongCode)?;
        let kind = match invitation.resets {
            None => AuditKind::AdministratorEnrolled,
            Some(_) => AuditKind::AdministratorReset,
        };
        let event = AuditEvent {
            tenant_id: Some(invitation.tenant_id.clone()),
            serial: Some(visitor.serial.clone()),
            detail: format!("{} ({})", entered.login, invitation.mail),
            actor: Some(format!("{}@{}", entered.login, invitation.tenant_id)),
            ..AuditEvent::of(kind, now)
        };
        let added =
            Occurrence::AdministratorAdded { login: entered.login.clone(), name: entered.name.clone() };
        let told = match invitation.resets {
            None => Some(self.announced(&invitation.tenant_id, added)),
            Some(_) => None,
        };
        match self.store.finish_enrolment(&hash, entered, step, Occasion { event, told }).await {
            Ok(Used::Now(_)) => {
                self.wake_notices();
                Ok(())
            }
            Ok(Used::Before) => Err(SiteError::Invitation(InvitationRefusal::Used)),
            Ok(Used::LoginTaken) => Err(SiteError::LoginTaken),
            Ok(Used::Disabled) => Err(SiteError::Invitation(InvitationRefusal::Disabled)),
            // Begun anew in another window: the code proved what does not count any more.
            Err(StoreError::Conflict(_)) => Err(SiteError::WrongCode),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn hash_password(&self, password: SecretString) -> Result<String, SiteError> {
        let _place = self.blocking.admit().map_err(UseCaseError::from)?;
        Ok(self.blocking.run(move || site_password::hash(&password)).await?)
    }
}

/// A token and how its invitation is recorded.
fn fresh_invitation(
    actor: &Actor,
    tenant: &str,
    mail: &str,
    now: Timestamp,
) -> (SecretString, NewInvitation) {
    let token = entropy::token();
    let invitation = NewInvitation {
        token_hash: secret_hash(&token),
        tenant_id: tenant.to_owned(),
        mail: mail.to_owned(),
        invited_by: actor.administrator_id,
        expires_at: now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX),
    };
    (token, invitation)
}

/// For whom a second factor is sealed.
pub(super) fn owner(tenant_id: &str, login: &str) -> String {
    format!("{tenant_id}\n{login}")
}

/// The hash under which a token is kept.
pub(super) fn secret_hash(token: &SecretString) -> String {
    hex::encode(Sha256::digest(token.expose_secret().as_bytes()))
}

/// Folded: 3 to 64 letters, digits, dots, hyphens, underscores.
fn login_name(entered: &str) -> Result<String, SiteError> {
    let login = fold(entered);
    let fits = (3..=64).contains(&login.chars().count());
    let plain = login.chars().all(|character| character.is_alphanumeric() || ".-_@".contains(character));
    if fits && plain { Ok(login) } else { Err(SiteError::Field(FieldRefusal::Login)) }
}

/// 1 to 64 characters, none of them a control character.
pub(super) fn text(entered: &str, field: FieldRefusal) -> Result<String, SiteError> {
    let trimmed = entered.trim();
    let fits = (1..=64).contains(&trimmed.chars().count());
    if fits && !trimmed.chars().any(char::is_control) {
        Ok(trimmed.to_owned())
    } else {
        Err(SiteError::Field(field))
    }
}
