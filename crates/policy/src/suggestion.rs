//! The best moment to renew (after RFC 9773): inside the window, inside the
//! tenant's hours, at an offset that is random over terminals and fixed for each,
//! so that a hundred thousand PCs do not all come at 08:30 on a Monday.

use crate::{calendar, window::ClientWindow};
use jiff::{SignedDuration, Span, Timestamp, civil::Time};

/// Hours of the day, JST, in which a tenant likes renewals to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreferredHours {
    /// First minute.
    pub from: Time,
    /// First minute that is not preferred any more. Earlier than `from` means
    /// that the hours run over midnight; equal means the whole day.
    pub to: Time,
}

impl PreferredHours {
    /// No preference.
    pub const WHOLE_DAY: Self = Self { from: Time::midnight(), to: Time::midnight() };

    /// When the PCs of clinics are on: for who names no hours, and was off at the moment suggested for the whole day.
    pub const USUAL: Self = Self { from: Time::constant(9, 0, 0, 0), to: Time::constant(18, 0, 0, 0) };

    /// These hours, or the usual ones where there is no preference.
    #[must_use]
    pub fn or_usual(self) -> Self {
        if self == Self::WHOLE_DAY { Self::USUAL } else { self }
    }

    /// How long they are, each day.
    pub fn length(self) -> SignedDuration {
        let day = SignedDuration::from_hours(24);
        let span = self.to.duration_since(self.from);
        if span.is_positive() { span } else { day + span }
    }
}

/// From when on nobody waits for a better moment any more: a PC that is on may not be
/// on again. Two calendar months before the end.
pub fn patient_until(not_after: Timestamp) -> Timestamp {
    ClientWindow::months(ClientWindow::MIN_MONTHS).opens(not_after)
}

/// The end of the days over which renewals are spread: two thirds of the time from
/// `opens` until nobody waits, so that who was off on the day has some left; or half of
/// a window that opens later than that.
pub fn spread_until(opens: Timestamp, not_after: Timestamp) -> Timestamp {
    let patient = patient_until(not_after).duration_since(opens);
    let spread = if patient.is_positive() { patient / 3 * 2 } else { not_after.duration_since(opens) / 2 };
    opens.saturating_add(spread).unwrap_or(opens)
}

/// A moment from `opens` to [`spread_until`], in the tenant's hours. `spread` is a number fixed for each terminal and random over
/// all of them, such as the first bytes of a hash of its identity.
///
/// Always at or after `opens` and before `not_after`; a window too short for the
/// hours yields `opens` itself.
pub fn suggest(opens: Timestamp, not_after: Timestamp, hours: PreferredHours, spread: u64) -> Timestamp {
    let spread_over = spread_until(opens, not_after).duration_since(opens);
    let days = u64::try_from(spread_over.as_secs() / 86_400).unwrap_or(0).max(1);
    let day = i64::try_from(spread % days).expect("less than the days of a window");
    let length = u64::try_from(hours.length().as_secs()).expect("a positive length").max(1);
    let second = i64::try_from((spread / days) % length).expect("less than a day");
    moment(opens, hours, day, second).filter(|at| *at >= opens && *at < not_after).unwrap_or(opens)
}

/// `second` seconds into the tenant's hours, `day` + 1 days after the window opened.
fn moment(opens: Timestamp, hours: PreferredHours, day: i64, second: i64) -> Option<Timestamp> {
    let first_whole_day = calendar::jst_date(opens).checked_add(Span::new().days(day + 1)).ok()?;
    let start = first_whole_day.to_datetime(hours.from).to_zoned(calendar::jst()).ok()?;
    start.timestamp().checked_add(SignedDuration::from_secs(second)).ok()
}
