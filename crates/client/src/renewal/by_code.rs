//! A 復旧コード that an administrator has issued: the way from a certificate that has expired to the next.
//!
//! It is a renewal like any other, with its journal, its checks and its switch of all places together; only the request
//! goes with the code in place of the old certificate.

use crate::renewal::{
    Failure,
    group::{Group, Passwords},
    performer::{Run, Surroundings, Wishes},
    session::Session,
};
use jiff::Timestamp;
use koshin_policy::{Kind, RecoveryCode};
use koshin_protocol::problem::ProblemCode;

/// What came of a code.
#[derive(Debug)]
pub struct Redeemed<'s> {
    /// The certificate that it was given for.
    pub group: &'s Group,
    /// How that went.
    pub run: Run,
}

/// Gives `code` for the certificates of the session that `wanted` chooses, one after the other, until one is not told
/// that the code is another terminal's. `None` when there is no certificate that a code could be for.
pub fn redeem<'s>(
    session: &'s Session,
    wanted: impl Fn(&Group) -> bool,
    code: &RecoveryCode,
    with: Surroundings<'_>,
    passwords: &mut Passwords<'_>,
) -> Option<Redeemed<'s>> {
    let mut redeemed = None;
    for group in candidates(session, with.now()).into_iter().filter(|group| wanted(group)) {
        let run = give(session, group, code, with, passwords);
        let elsewhere =
            matches!(refusal(&run), Some(ProblemCode::RecoveryCodeForeign | ProblemCode::CsrSubjectMismatch));
        redeemed = Some(Redeemed { group, run });
        if !elsewhere {
            break;
        }
    }
    redeemed
}

/// The certificates that have expired; if none has, all that a code could be for.
fn candidates(session: &Session, now: Timestamp) -> Vec<&Group> {
    let all = || session.groups.iter().filter(|group| group.kind() == Kind::Renewable);
    let expired: Vec<&Group> = all().filter(|group| group.certificate.not_after < now).collect();
    if expired.is_empty() { all().collect() } else { expired }
}

fn give(
    session: &Session,
    group: &Group,
    code: &RecoveryCode,
    with: Surroundings<'_>,
    passwords: &mut Passwords<'_>,
) -> Run {
    let wishes = Wishes { agreed: true, code: Some(code), ..Wishes::default() };
    let run = session.renew(group, wishes, with, passwords);
    match refusal(&run) {
        // The key of an earlier attempt, with another code. It has been discarded: the next is a new one.
        Some(ProblemCode::KeyRejected) => session.renew(group, wishes, with, passwords),
        _ => run,
    }
}

fn refusal(run: &Run) -> Option<ProblemCode> {
    match &run.failure {
        Some(Failure::Door(error)) => error.problem_code(),
        _ => None,
    }
}
