//! How long before expiry each application asks: its own default, its own setting.
//! A setting that makes no sense is told and the default holds.

use koshin_policy::{ClientWindow, WindowSettingError};

/// monsiaj and glclient2 ask two calendar months before, レセ電ビューア three.
const SHORT: u32 = 2;
const LONG: u32 = 3;
/// レセ電ビューア's own setting counts days; a month is never longer.
const DAYS_A_MONTH: u64 = 31;

/// monsiaj: `property` is `monsia.cert_expire_check_monthes` from its system properties.
pub fn monsiaj(property: Option<&str>) -> (ClientWindow, Option<WindowSettingError>) {
    in_months("monsia.cert_expire_check_monthes", property, SHORT)
}

/// glclient2: `variable` is `GLCLIENT_CERT_EXPIRE_CHECK_MONTHES`.
pub fn glclient2(variable: Option<&str>) -> (ClientWindow, Option<WindowSettingError>) {
    in_months("GLCLIENT_CERT_EXPIRE_CHECK_MONTHES", variable, SHORT)
}

/// レセ電ビューア: Koshin's own `[receview] months`, else the viewer's 確認日 in days, rounded up to months.
pub fn receview(months: Option<&str>, days: Option<&str>) -> (ClientWindow, Option<WindowSettingError>) {
    let Some(days) = days.filter(|_| months.is_none()) else {
        return in_months("[receview] months", months, LONG);
    };
    match days.trim().parse::<u64>() {
        Ok(days) => in_months("確認日", Some(&days.div_ceil(DAYS_A_MONTH).to_string()), LONG),
        Err(_) => in_months("確認日", Some(days), LONG),
    }
}

/// Other files, which no application looks after: as early as the earliest.
pub fn files() -> ClientWindow {
    ClientWindow::months(LONG)
}

/// A profile: its own `months`, else as early as the earliest.
pub fn profile(months: Option<&str>) -> (ClientWindow, Option<WindowSettingError>) {
    in_months("months", months, LONG)
}

fn in_months(setting: &str, text: Option<&str>, default: u32) -> (ClientWindow, Option<WindowSettingError>) {
    let default = ClientWindow::months(default);
    match text.map(|text| ClientWindow::from_setting(setting, text, default)) {
        None => (default, None),
        Some(Ok(window)) => (window, None),
        Some(Err(error)) => (default, Some(error)),
    }
}
