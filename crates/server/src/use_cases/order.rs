//! From a decision to a recorded certificate: plan, record the intent, sign, record the
//! result. A crash between any two steps leaves nothing that the records do not know.

use super::{Denial, Koshin, UseCaseError};
use crate::store::{Door, Intent, RecordedIntent, StoreError};
use jiff::Timestamp;
use koshin_issuance::{IssuancePlan, PublicKey, SigningIssuer, Subject, Template, plan};
use koshin_policy::Validity;
use koshin_protocol::problem::ProblemCode;

/// Seconds after which the other renewal of the terminal should be done.
const RETRY_AFTER: u32 = 2;

/// A certificate that has been decided on.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub terminal_id: i64,
    pub tenant_id: String,
    pub common_name: String,
    /// The certificate that it replaces.
    pub parent: Option<String>,
    pub door: Door,
    pub validity: Validity,
}

impl Koshin {
    /// Plans the certificate and records the intent, which from this moment is the
    /// terminal's only unused one.
    pub(super) async fn record_plan(
        &self,
        order: &Order,
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<(IssuancePlan, RecordedIntent), UseCaseError> {
        let (plan, intent) = self.plan_order(order, key, now)?;
        let recorded = self.store.record_intent(intent, now).await.map_err(intent_error)?;
        Ok((plan, recorded))
    }

    /// Plans the certificate. Its intent must be recorded before the plan is signed.
    pub(super) fn plan_order(
        &self,
        order: &Order,
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<(IssuancePlan, Intent), UseCaseError> {
        let subject = Subject {
            common_name: order.common_name.clone(),
            organization: Some(order.tenant_id.clone()),
            organizational_unit: None,
        };
        let authority = self.authority();
        let plan = plan(
            Template::Client { subject: &subject },
            SigningIssuer::Issuer(authority.issuer()),
            key,
            crate::entropy::serial(now),
            order.validity,
        )?;
        let intent = Intent {
            serial: plan.serial().to_hex(),
            terminal_id: order.terminal_id,
            parent: order.parent.clone(),
            door: order.door,
            key_fingerprint: hex::encode(plan.key_fingerprint()),
            not_before: plan.validity().not_before,
            not_after: plan.validity().not_after,
            to_be_signed: plan.to_be_signed().to_vec(),
        };
        Ok((plan, intent))
    }
}

/// Both databases name the broken constraint in their message.
pub(super) fn intent_error(error: StoreError) -> UseCaseError {
    match error {
        StoreError::Exists(constraint) if constraint.contains("key_fingerprint") => {
            Denial::new(ProblemCode::KeyRejected).into()
        }
        StoreError::Exists(_) | StoreError::Conflict(_) => in_progress().into(),
        other => other.into(),
    }
}

/// A renewal that lost its place to a later one before it was done.
pub(super) fn lost_place(error: StoreError) -> UseCaseError {
    match error {
        StoreError::Conflict(_) => in_progress().into(),
        other => other.into(),
    }
}

/// 「更新処理中です」
pub(super) fn in_progress() -> Denial {
    Denial::retry(ProblemCode::RenewalInProgress, RETRY_AFTER)
}
