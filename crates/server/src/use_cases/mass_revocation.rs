//! 一括失効: one operator proposes, another one approves, a job carries it out.
//!
//! The two-person rule holds for more than one certificate. The second operator's account
//! must be another one, and must have been made, and last set up anew, three days before the
//! certificates were chosen: nobody approves with an account that was made or taken over for
//! it, and whoever lost an account to a reset link has noticed. Programs with a token only
//! choose: both persons have proved both factors (decision 0029).

use super::{
    Koshin, SiteError,
    site_authority::{Action, Actor},
};
use crate::{
    entropy,
    store::{
        AuditEvent, AuditKind, Chosen, NewRevocation, RevocationChoice, RevocationHand, RevocationHits,
        RevocationRow, RevocationState, StoreError,
    },
};
use jiff::{SignedDuration, Timestamp};

/// So long a proposal waits for a second operator.
const WAITS: SignedDuration = SignedDuration::from_hours(24);
/// So long a choice waits to be proposed.
const CHOICE_WAITS: SignedDuration = SignedDuration::from_hours(1);
/// What one operator may revoke alone: as much as with `koshin-server revoke`.
const ALONE: u64 = 1;
/// And so many times in 24 hours; else a script would revoke everything, one by one.
const ALONE_A_DAY: u64 = 5;
/// So long before a choice the second operator's account must have been as it is.
const SETTLED: SignedDuration = SignedDuration::from_hours(72);
/// Certificates of one proposal at most. More than these mean a new CA, not a list.
const MOST: u64 = 20_000;
/// Certificates that one transaction ends: other writers wait that long.
const PART: u32 = 25;
/// Certificates on a page.
const SHOWN: u32 = 100;
/// Proposals on a page.
const LISTED: u32 = 20;

/// Why certificates are revoked (RFC 5280, 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationReason {
    /// Not said.
    Unspecified,
    /// A private key may be known to others.
    KeyCompromise,
    /// The terminals belong to somebody else now.
    AffiliationChanged,
    /// Others have taken their place.
    Superseded,
    /// They are needed no more.
    CessationOfOperation,
    /// They should not have been issued, or not be used any more.
    PrivilegeWithdrawn,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
        Self::Unspecified,
    ];

    /// The name in RFC 5280.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    /// The reason that [`Self::as_str`] names, if any.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// Which certificates to revoke, and why.
#[derive(Debug, Clone)]
pub struct RevocationWish {
    /// Which.
    pub choice: RevocationChoice,
    /// Why.
    pub reason: RevocationReason,
}

/// A mass revocation as one operator sees it.
#[derive(Debug, Clone)]
pub struct RevocationView {
    /// The records.
    pub row: RevocationRow,
    /// Whom it hits.
    pub hits: RevocationHits,
    /// Whether a second operator is needed.
    pub needs_second: bool,
    /// Until when it waits for one.
    pub waits_until: Option<Timestamp>,
    /// Whether this operator proposed it, and can take it back.
    pub own: bool,
    /// Whether this operator may approve it; an account that was made or set up anew less than
    /// three days before the choice may not.
    pub may_decide: bool,
}

/// Why a mass revocation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevocationRefusal {
    /// No certificate fits that is not revoked already.
    #[error("no certificate fits")]
    Nothing,
    /// More fit than one proposal may have.
    #[error("{found} certificates fit, and one proposal has {most} at most")]
    TooMany {
        /// So many fit.
        found: u64,
        /// So many may be.
        most: u64,
    },
    /// No certificate has these serials.
    #[error("no certificate has the serials {0:?}")]
    UnknownSerials(Vec<String>),
    /// Only a second operator whose account existed long enough may approve or refuse.
    #[error("a second operator, whose account was as it is three days before, has to decide")]
    SecondNeeded,
    /// It does not wait for this step: another one was quicker, or its time is over.
    #[error("it does not wait for this step any more")]
    Over,
}

impl Koshin {
    /// Fixes the certificates that are to be revoked. Nothing ends yet. Returns the number
    /// under which it can be seen and proposed, for an hour.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Revocation`].
    pub async fn choose_revocation(
        &self,
        actor: &Actor,
        wish: RevocationWish,
        now: Timestamp,
    ) -> Result<i64, SiteError> {
        let by = self.hand(actor, Action::ChooseRevocation).await?;
        let new = NewRevocation {
            words: words(&wish.choice),
            reason: wish.reason.as_str().to_owned(),
            by,
            at: now,
            mark: hex::encode(entropy::bytes::<16>()),
        };
        let refused = |refusal| Err(SiteError::Revocation(refusal));
        match self.store.choose_revocation(wish.choice, new, MOST).await? {
            Chosen::Recorded(id) => Ok(id),
            Chosen::Nothing => refused(RevocationRefusal::Nothing),
            Chosen::TooMany(found) => refused(RevocationRefusal::TooMany { found, most: MOST }),
            Chosen::Unknown(serials) => refused(RevocationRefusal::UnknownSerials(serials)),
        }
    }

    /// The latest mass revocations; what others have only chosen is theirs.
    ///
    /// # Errors
    /// What the table refuses.
    pub async fn revocations(&self, actor: &Actor) -> Result<Vec<RevocationRow>, SiteError> {
        self.permit_operator(actor, Action::SeeRevocations).await?;
        let mut rows = self.store.revocations(LISTED).await?;
        rows.retain(|row| row.state != RevocationState::Chosen || is_own(actor, row));
        Ok(rows)
    }

    /// One of them, with whom it hits.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`].
    pub async fn revocation(&self, actor: &Actor, id: i64) -> Result<RevocationView, SiteError> {
        let row = self.visible(actor, Action::SeeRevocations, id).await?;
        let may_decide = row.state == RevocationState::Proposed && self.is_second(actor, &row).await?;
        let waits = row.proposed_at.filter(|_| row.state == RevocationState::Proposed);
        Ok(RevocationView {
            hits: self.store.revocation_hits(id, SHOWN).await?,
            needs_second: !self.may_alone(actor, &row).await?,
            waits_until: waits.and_then(|since| since.checked_add(WAITS).ok()),
            own: is_own(actor, &row),
            may_decide,
            row,
        })
    }

    /// Proposes what the actor has chosen to the other operators. A single certificate
    /// needs nobody else, and is revoked by the next round.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`]; [`RevocationRefusal::Over`].
    pub async fn propose_revocation(&self, actor: &Actor, id: i64, now: Timestamp) -> Result<(), SiteError> {
        let row = self.visible(actor, Action::RevokeMany, id).await?;
        let by = self.hand(actor, Action::RevokeMany).await?;
        let alone = self.may_alone(actor, &row).await?;
        let to = if alone { RevocationState::Approved } else { RevocationState::Proposed };
        let mut event = event(actor, &row, AuditKind::RevocationProposed, now);
        if alone {
            event.detail.push_str(", by one operator alone");
        }
        done(self.store.propose_revocation(id, by.administrator_id, to, event).await?)
    }

    /// The second operator's yes: it is carried out from now on.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`]; [`RevocationRefusal::SecondNeeded`],
    /// [`RevocationRefusal::Over`].
    pub async fn approve_revocation(&self, actor: &Actor, id: i64, now: Timestamp) -> Result<(), SiteError> {
        self.decide(actor, id, RevocationState::Approved, AuditKind::RevocationApproved, now).await
    }

    /// The second operator's no: nothing is revoked.
    ///
    /// # Errors
    /// As [`Self::approve_revocation`].
    pub async fn refuse_revocation(&self, actor: &Actor, id: i64, now: Timestamp) -> Result<(), SiteError> {
        self.decide(actor, id, RevocationState::Refused, AuditKind::RevocationRefused, now).await
    }

    /// Who proposed it takes it back.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::Forbidden`] for others;
    /// [`RevocationRefusal::Over`].
    pub async fn cancel_revocation(&self, actor: &Actor, id: i64, now: Timestamp) -> Result<(), SiteError> {
        let row = self.visible(actor, Action::RevokeMany, id).await?;
        if !is_own(actor, &row) {
            return Err(SiteError::Forbidden);
        }
        let by = self.hand(actor, Action::RevokeMany).await?;
        let event = event(actor, &row, AuditKind::RevocationCancelled, now);
        let to = RevocationState::Cancelled;
        done(self.store.decide_revocation(id, to, by, Timestamp::MIN, event).await?)
    }

    /// Ends proposals that nobody approved in 24 hours. Returns how many.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn outlive_revocations(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.store.outlive_revocations(before(now, WAITS), before(now, CHOICE_WAITS), now).await
    }

    /// Carries out a part of what was approved. `None` when there is nothing to do.
    ///
    /// # Errors
    /// When the store is out of reach; the part is done again by the next call.
    pub async fn carry_out_revocations(&self, now: Timestamp) -> Result<Option<usize>, StoreError> {
        self.store.carry_out_revocations(PART, now).await
    }

    async fn decide(
        &self,
        actor: &Actor,
        id: i64,
        to: RevocationState,
        kind: AuditKind,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let row = self.visible(actor, Action::RevokeMany, id).await?;
        if row.state != RevocationState::Proposed {
            return Err(SiteError::Revocation(RevocationRefusal::Over));
        }
        if !self.is_second(actor, &row).await? {
            return Err(SiteError::Revocation(RevocationRefusal::SecondNeeded));
        }
        let by = self.hand(actor, Action::RevokeMany).await?;
        let event = event(actor, &row, kind, now);
        done(self.store.decide_revocation(id, to, by, before(now, WAITS), event).await?)
    }

    /// The row, unless it is what somebody else has only chosen.
    async fn visible(&self, actor: &Actor, action: Action, id: i64) -> Result<RevocationRow, SiteError> {
        self.permit_operator(actor, action).await?;
        let row = self.store.revocation(id).await?.ok_or(SiteError::NotFound)?;
        if row.state == RevocationState::Chosen && !is_own(actor, &row) {
            return Err(SiteError::NotFound);
        }
        Ok(row)
    }

    /// Whether the actor needs nobody else for what was chosen.
    async fn may_alone(&self, actor: &Actor, row: &RevocationRow) -> Result<bool, SiteError> {
        let (Some(id), true) = (actor.administrator_id, row.total <= ALONE && actor.is_person()) else {
            return Ok(false);
        };
        let since = before(row.chosen_at, SignedDuration::from_hours(24));
        Ok(self.store.revoked_alone_since(id, since).await? < ALONE_A_DAY)
    }

    /// Another person than the proposer, whose account was as it is long enough before.
    async fn is_second(&self, actor: &Actor, row: &RevocationRow) -> Result<bool, SiteError> {
        let (Some(id), true) = (actor.administrator_id, actor.is_person()) else { return Ok(false) };
        let since = before(row.chosen_at, SETTLED);
        Ok(id != row.chosen_by.administrator_id && !self.store.is_younger_than(id, since).await?)
    }

    /// The operator by name. Whoever sits at the machine itself revokes there, and is
    /// nobody's second.
    async fn hand(&self, actor: &Actor, action: Action) -> Result<RevocationHand, SiteError> {
        self.permit_operator(actor, action).await?;
        let administrator_id = actor.administrator_id.ok_or(SiteError::Forbidden)?;
        Ok(RevocationHand { administrator_id, name: actor.words() })
    }
}

fn is_own(actor: &Actor, row: &RevocationRow) -> bool {
    actor.administrator_id == Some(row.chosen_by.administrator_id)
}

fn before(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

fn done(changed: bool) -> Result<(), SiteError> {
    if changed { Ok(()) } else { Err(SiteError::Revocation(RevocationRefusal::Over)) }
}

/// The choice for programs; the pages say it in words.
fn words(choice: &RevocationChoice) -> String {
    match choice {
        RevocationChoice::Tenant(id) => format!("tenant {id}"),
        RevocationChoice::Serials(serials) => format!("serials {}", serials.len()),
        RevocationChoice::IssuedBetween(from, to) => format!("issued {from}/{to}"),
    }
}

fn event(actor: &Actor, row: &RevocationRow, kind: AuditKind, now: Timestamp) -> AuditEvent {
    let RevocationRow { id, choice, reason, total, .. } = row;
    let proposer = match kind {
        AuditKind::RevocationProposed | AuditKind::RevocationCancelled => String::new(),
        _ => format!(", proposed by {}", row.chosen_by.name),
    };
    let detail = format!("mass revocation {id}: {total} certificates, {choice}, reason {reason}{proposer}");
    AuditEvent { tenant_id: None, ..actor.event(kind, &actor.tenant_id, detail, now) }
}
