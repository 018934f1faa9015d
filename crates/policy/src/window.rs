//! Does this certificate near its end? The client's question, in calendar months
//! as the applications count them, from the day of expiry backwards.

use crate::calendar;
use jiff::Timestamp;

/// Months before expiry at which an application's user is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientWindow {
    months: u32,
}

/// A setting that cannot be used. The application's default holds instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowSettingError {
    /// Not a whole number.
    #[error(
        "{setting}={value:?} is not a whole number of months: the default of {default} months is used; write a number from 2 to 1200"
    )]
    NotANumber {
        /// Name of the setting.
        setting: String,
        /// What it says.
        value: String,
        /// What holds instead.
        default: u32,
    },
    /// Beyond a hundred years.
    #[error(
        "{setting}={value} is more than 1200 months: the default of {default} months is used; write a number from 2 to 1200"
    )]
    TooLarge {
        /// Name of the setting.
        setting: String,
        /// What it says.
        value: u64,
        /// What holds instead.
        default: u32,
    },
}

impl ClientWindow {
    /// Fewer than two months are never waited for: a clinic closed for a month
    /// would be locked out. Smaller settings are raised to this.
    pub const MIN_MONTHS: u32 = 2;
    /// More is taken for a typing error.
    pub const MAX_MONTHS: u32 = 1200;

    /// `months` before expiry, raised to [`Self::MIN_MONTHS`] and cut at
    /// [`Self::MAX_MONTHS`].
    pub fn months(months: u32) -> Self {
        Self { months: months.clamp(Self::MIN_MONTHS, Self::MAX_MONTHS) }
    }

    /// Reads a user's setting (environment, property or profile) over the
    /// application's default.
    ///
    /// # Errors
    /// When the text is no number from 0 to 1200; `default` then holds.
    pub fn from_setting(setting: &str, text: &str, default: Self) -> Result<Self, WindowSettingError> {
        let months: u64 = text.trim().parse().map_err(|_| WindowSettingError::NotANumber {
            setting: setting.to_owned(),
            value: text.to_owned(),
            default: default.months,
        })?;
        u32::try_from(months).ok().filter(|m| *m <= Self::MAX_MONTHS).map(Self::months).ok_or_else(|| {
            WindowSettingError::TooLarge {
                setting: setting.to_owned(),
                value: months,
                default: default.months,
            }
        })
    }

    /// The number of months in force.
    pub fn in_months(self) -> u32 {
        self.months
    }

    /// First instant at which the certificate is due.
    pub fn opens(self, not_after: Timestamp) -> Timestamp {
        let months = i32::try_from(self.months).expect("at most 1200");
        calendar::add_months(not_after, -months)
    }

    /// Whether a certificate that ends at `not_after` is due at `now`.
    pub fn is_due(self, not_after: Timestamp, now: Timestamp) -> bool {
        now >= self.opens(not_after)
    }
}
