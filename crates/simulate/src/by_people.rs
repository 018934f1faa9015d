//! PCs on which people renew: Koshin's dialogs before an application starts, and today's applications.

use crate::{
    calendar::{At, DAY, MINUTE},
    dice::happens,
    pc::{Desk, Habit},
    scenario::{Actor, Tally, next_look},
    terminal::{Outcome, Place, Terminal, Trouble},
    unattended::window,
    world::Silence,
};
use jiff::Timestamp;
use koshin_conduct::{
    launcher::{Action, Seen, decide},
    machine::Ending,
};
use koshin_policy::calendar::{days_left, jst_date};

/// The application is started so long after the PC.
const APPLICATION: At = 5 * MINUTE;
/// How likely somebody presses もう一度更新 once after a failure.
const ONCE_MORE: f64 = 0.5;

/// Koshin without unattended renewal: `koshin run` before the application.
pub(crate) struct Dialogs;

impl Actor for Dialogs {
    fn act(&self, terminal: &mut Terminal, place: &mut Place<'_, '_>, tally: &mut Tally) -> Option<At> {
        // Any use confirms it.
        if terminal.unconfirmed && place.exchange().is_ok() {
            place.server.used(&terminal.current, &mut terminal.records);
            terminal.unconfirmed = false;
        }
        let now = place.now();
        let opens = window().opens(terminal.current.not_after);
        let seen = Seen::Certificate {
            sha256: String::new(),
            common_name: "client001".to_owned(),
            not_after: terminal.current.not_after,
            opens,
            begun: terminal.has_begun(),
            in_use: true,
        };
        if decide(&seen, terminal.said, now) == Action::Attend {
            attend(terminal, place, tally, opens);
        }
        next_start(place.desk, place.at, terminal)
    }
}

fn attend(terminal: &mut Terminal, place: &mut Place<'_, '_>, tally: &mut Tally, opens: Timestamp) {
    let now = place.now();
    tally.dialogs += 1;
    let today = Some(jst_date(now));
    if now > terminal.current.not_after {
        terminal.said.told = today;
        return;
    }
    let left = days_left(terminal.current.not_after, now);
    if !terminal.has_begun() && !place.desk.pc.person.agrees(left, place.luck(4)) {
        terminal.said.declined = today;
        return;
    }
    for attempt in 0..2 {
        let days = place.days_left(terminal);
        match terminal.renew(place, opens) {
            (Outcome::Ended(Ending::Renewed { .. }), _) => return tally.renewed(place, days),
            (Outcome::Cut, _) => return,
            (Outcome::Ended(_), _) if attempt == 0 && happens(place.luck(5), ONCE_MORE) => place.at += MINUTE,
            (Outcome::Ended(_), trouble) => {
                let told = matches!(trouble, Some(Trouble::Server { retry_after: None }));
                terminal.said.told = today.filter(|_| told);
                return;
            }
        }
    }
}

/// Today's applications, as observed (FACTS and `docs/simulation.md`): a question at every start within two calendar
/// months, by the PC's clock; いいえ is taken at its word; failures are silent.
pub(crate) struct Original;

impl Actor for Original {
    fn act(&self, terminal: &mut Terminal, place: &mut Place<'_, '_>, tally: &mut Tally) -> Option<At> {
        let now = place.now();
        let due = window().is_due(terminal.current.not_after, now);
        if due && now <= terminal.current.not_after {
            tally.dialogs += 1;
            let left = days_left(terminal.current.not_after, now);
            if place.desk.pc.person.agrees(left, place.luck(4)) {
                renew_today(terminal, place, tally);
            }
        }
        next_start(place.desk, place.at, terminal)
    }
}

/// `POST`, `GET`, and files written in place. The server's `Date` is not looked at.
fn renew_today(terminal: &mut Terminal, place: &mut Place<'_, '_>, tally: &mut Tally) {
    let faults = &place.world.parameters.faults;
    let local = place.desk.pc.clock.reads(place.at, place.session.from);
    if let Err(Silence::Unreachable | Silence::Untrusted) = place.world.reach(place.desk, place.at, local) {
        return;
    }
    let left = place.days_left(terminal);
    let Ok(new) = place.server.renew(&terminal.current, &mut terminal.records, place.at) else { return };
    if happens(place.luck(3), faults.lost_reply) {
        return;
    }
    // Half a file, or a configuration cut off by a full disk: the next start fails.
    if happens(place.luck(6), faults.torn_download) || place.desk.pc.disk_is_full(place.at) {
        terminal.locked_out = Some(place.at);
        tally.broken += 1;
        return;
    }
    place.server.used(&new, &mut terminal.records);
    terminal.take(new);
    terminal.unconfirmed = false;
    tally.renewed(place, left);
}

/// The next start of the application at which anything could be asked, by the PC's clock.
fn next_start(desk: Desk<'_>, after: At, terminal: &Terminal) -> Option<At> {
    let opens = window().opens(terminal.current.not_after).as_second();
    let mut at = next_application(desk, after)?;
    let pending = terminal.has_begun() || terminal.unconfirmed;
    loop {
        let session = desk.session(at)?;
        if pending || desk.pc.clock.reads(at, session.from) >= opens {
            return Some(at);
        }
        let change = desk.pc.clock.next_change(at, session.from).unwrap_or(At::MAX);
        // Sessions before the next change, or the window, are like this one.
        at = next_application(desk, (opens - DAY).min(change - DAY).max(at))?;
    }
}

/// The first start of the application after `after`.
fn next_application(desk: Desk<'_>, after: At) -> Option<At> {
    if desk.pc.habit == Habit::Server {
        // Restarted once a month, when somebody looks after it.
        let own = 1 + i8::try_from(desk.pc.key % 28).unwrap_or(0);
        let first = desk.calendar.index(after) + 1;
        let day = (first..desk.calendar.len()).find(|index| desk.calendar.day(*index).2 == own)?;
        return next_look(desk, desk.calendar.midnight(day) + DAY / 2);
    }
    let mut session = desk.session(after)?;
    while session.from + APPLICATION <= after || session.from + APPLICATION >= session.to {
        session = desk.session(session.to)?;
    }
    Some(session.from + APPLICATION)
}
