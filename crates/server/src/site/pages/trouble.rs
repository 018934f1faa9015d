//! What is wrong with the certificate, and what to do: a page where a browser would show an
//! error of TLS.

use super::super::{
    dates,
    page::html,
    views::{Presented, TroublePage},
    visit::{Trouble, Visit},
};
use axum::response::Response;
use http::StatusCode;

/// What to do is said in so many steps.
const STEPS: u8 = 3;

pub(in super::super) fn show(visit: &Visit, trouble: Trouble) -> Response {
    let (word, t) = (trouble.word(), visit.page.t);
    let page = visit.page.clone().titled(&format!("trouble-{word}-title"));
    let presented = visit.certificate.as_ref().filter(|_| trouble != Trouble::Foreign);
    let view = TroublePage {
        page: &page,
        why: t.say(&format!("trouble-{word}-why")),
        steps: (1..=STEPS).map(|step| t.say(&format!("trouble-{word}-do-{step}"))).collect(),
        presented: presented.map(|facts| Presented {
            common_name: facts.common_name.clone(),
            until: dates::day(facts.not_after),
        }),
        picture: trouble == Trouble::None,
    };
    html(&page, StatusCode::FORBIDDEN, &view)
}
