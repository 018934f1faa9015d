//! What a webhook's receiver gets, as JSON. Pure. `docs/notices.md` tells receivers of it.

use super::{event_text::Told, text::Task};
use crate::store::NoticedCertificate;
use jiff::Timestamp;
use koshin_policy::{calendar as dates, notice::Notice};
use serde_json::{Value, json};

/// A certificate nears its end, or has passed it. `id` is the same for each attempt.
pub fn end(
    id: &str,
    notice: Notice,
    certificate: &NoticedCertificate,
    task: Task,
    now: Timestamp,
) -> Vec<u8> {
    let days = dates::jst_date(certificate.not_after) - dates::jst_date(now);
    let over = now > certificate.not_after;
    json!({
        "id": id,
        "event": if over { "certificate-expired" } else { "certificate-expiring" },
        "at": now,
        "notice": notice.as_str(),
        "daysLeft": days.get_days(),
        "todo": match task {
            Task::Renew => "renew",
            Task::SwitchOver => "switch-over",
            Task::Replace => "replace",
        },
        "tenant": { "id": certificate.tenant_id, "name": certificate.tenant_name },
        "terminal": { "commonName": certificate.common_name, "label": certificate.label },
        "certificate": { "serial": certificate.serial, "notAfter": certificate.not_after },
    })
    .to_string()
    .into_bytes()
}

/// Something has happened: the members of the occurrence, beside those that every notice has.
pub fn event(id: &str, told: &Told<'_>, tenant_id: &str, now: Timestamp) -> Vec<u8> {
    let mut body = json!(told.occurrence);
    if let Value::Object(members) = &mut body {
        members.insert("id".to_owned(), json!(id));
        members.insert("at".to_owned(), json!(now));
        members.insert("happenedAt".to_owned(), json!(told.at));
        members.insert("tenant".to_owned(), json!({ "id": tenant_id, "name": told.organisation }));
    }
    body.to_string().into_bytes()
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
