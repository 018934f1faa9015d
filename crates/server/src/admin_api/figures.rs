//! The numbers behind the charts.

use super::{operations::Call, refusal::Refusal};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

/// Weeks ahead unless told: three months.
const USUAL_WEEKS: u32 = 13;
/// Days to look back unless told.
const USUAL_DAYS: u32 = 30;

/// The numbers behind the charts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    /// Since when reasons and renewals are counted.
    since: Timestamp,
    /// As of when the numbers are, the oldest of them: over all organisations, where these have many terminals, they
    /// are counted once a minute at most, and may be ten minutes old. `null` when they are of this moment.
    counted_at: Option<Timestamp>,
    expiries_by_week: Vec<Week>,
    /// The most frequent first.
    failure_reasons: Vec<Reason>,
    renewals: Renewals,
}

/// How many certificates end in a week.
#[derive(Serialize, ToSchema)]
struct Week {
    /// Its Monday in Japan.
    monday: Date,
    certificates: u64,
}

/// Why renewals were refused or failed.
#[derive(Serialize, ToSchema)]
struct Reason {
    /// A problem code.
    code: String,
    /// How many terminals met it.
    terminals: u64,
}

/// How far renewals have come.
#[derive(Serialize, ToSchema)]
struct Renewals {
    issued: u64,
    /// Of these, handed out.
    fetched: u64,
    /// Of these, used.
    confirmed: u64,
}

/// `GET /figures`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let (koshin, actor) = (&call.koshin, &call.caller.actor);
    let look_back = SignedDuration::from_hours(24 * i64::from(call.inputs.small("days", USUAL_DAYS)));
    let before = |moment: Timestamp| moment.checked_sub(look_back).unwrap_or(Timestamp::MIN);
    let since = before(call.now);
    let weeks = koshin.expiries_by_week(actor, call.inputs.small("weeks", USUAL_WEEKS), call.now).await?;
    let reasons = koshin.failure_reasons(actor, since, call.now).await?;
    let funnel = koshin.funnel(actor, since, call.now).await?;
    // What was kept looks back from when it was counted.
    let kept = [reasons.counted_at, funnel.counted_at].into_iter().flatten().min();
    let body = Figures {
        since: kept.map_or(since, before),
        counted_at: [weeks.counted_at, reasons.counted_at, funnel.counted_at].into_iter().flatten().min(),
        expiries_by_week: weeks
            .numbers
            .into_iter()
            .map(|(monday, certificates)| Week { monday, certificates })
            .collect(),
        failure_reasons: reasons
            .numbers
            .into_iter()
            .map(|(code, terminals)| Reason { code, terminals })
            .collect(),
        renewals: Renewals {
            issued: funnel.numbers.issued,
            fetched: funnel.numbers.fetched,
            confirmed: funnel.numbers.confirmed,
        },
    };
    Ok(Json(body).into_response())
}
