//! `koshin-server issue`

use super::{CliError, Place};
use crate::{
    clock,
    home::{Reservation, create_private_dir},
    use_cases::{HandOver, HandOverFiles, is_plain_common_name},
};
use jiff::{Timestamp, civil::Date};
use koshin_policy::calendar;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};

/// Issue a certificate for a first hand-over.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tenant's identifier
    #[arg(long)]
    tenant: String,
    /// Common name: client001, db001, …
    #[arg(long, value_parser = common_name)]
    cn: String,
    /// 端末名: what people call the terminal
    #[arg(long)]
    label: Option<String>,
    /// Directory for CN.p12, CN.crt, CN.pem, CN.pass and ca.crt
    #[arg(long)]
    out: PathBuf,
    /// Another end than the policy's: 2026-12-31 (JST), an RFC 3339 instant, or +30d, -1h from now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    not_after: Option<String>,
}

fn common_name(text: &str) -> Result<String, String> {
    if is_plain_common_name(text) {
        Ok(text.to_owned())
    } else {
        Err("write 1 to 64 letters, digits, '-', '_' or '.'".to_owned())
    }
}

pub(super) async fn run(place: &Place, args: Args) -> Result<(), CliError> {
    let now = clock::now();
    let not_after = args.not_after.as_deref().map(|text| end_time(text, now)).transpose()?;
    create_private_dir(&args.out)?;
    // Before anything is recorded: a certificate that cannot be saved would only put an
    // end to the one that was handed over before.
    let room = Room::take(&args.out, &args.cn)?;
    let request =
        HandOver { tenant: args.tenant, common_name: args.cn.clone(), label: args.label, not_after };
    let files = place.koshin()?.hand_over(request, now).await?;
    room.fill(&files)?;
    let end = calendar::in_jst(files.not_after).strftime("%Y/%m/%d %H:%M");
    say!("issued {} for {}, valid until {end} JST", files.serial, args.cn);
    for name in file_names(&args.cn) {
        say!("wrote  {}", args.out.join(name).display());
    }
    Ok(())
}

fn file_names(cn: &str) -> [String; 5] {
    let [p12, crt, pem, pass] = ["p12", "crt", "pem", "pass"].map(|suffix| format!("{cn}.{suffix}"));
    [p12, crt, pem, pass, "ca.crt".to_owned()]
}

/// Room for the five files.
struct Room([Reservation; 5]);

impl Room {
    /// More than any of the files needs.
    const BYTES: usize = 16 * 1024;

    fn take(out: &Path, cn: &str) -> Result<Self, CliError> {
        let [p12, crt, pem, pass, ca] = file_names(cn);
        let take = |name: String| Reservation::take(&out.join(name), Self::BYTES);
        Ok(Self([take(p12)?, take(crt)?, take(pem)?, take(pass)?, take(ca)?]))
    }

    fn fill(self, files: &HandOverFiles) -> Result<(), CliError> {
        let [p12, crt, pem, pass, ca] = self.0;
        p12.fill(&files.pkcs12)?;
        crt.fill(files.certificate.as_bytes())?;
        pem.fill(files.private_key.as_bytes())?;
        pass.fill(files.password.expose_secret().as_bytes())?;
        ca.fill(files.ca.as_bytes())?;
        Ok(())
    }
}

fn end_time(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    absolute(text).or_else(|| relative(text, now)).ok_or_else(|| {
        CliError::Usage(format!(
            "--not-after {text:?} is not a time; write 2026-12-31, 2026-12-31T23:59:59Z, +30d or -1h"
        ))
    })
}

fn absolute(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        Some(date.at(23, 59, 59, 0).to_zoned(calendar::jst()).ok()?.timestamp())
    })
}

fn relative(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (sign, span) = match text.split_at_checked(1)? {
        ("+", span) => (1, span),
        ("-", span) => (-1, span),
        _ => return None,
    };
    let span: jiff::Span = span.parse().ok()?;
    Some(calendar::in_jst(now).checked_add(span * sign).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::end_time;

    #[test]
    fn ends_are_dates_instants_or_distances() {
        let now = "2026-11-22T08:00:00Z".parse().expect("a time");
        let table = [
            ("2026-12-31", Some("2026-12-31T14:59:59Z")),
            ("2026-12-31T00:00:00Z", Some("2026-12-31T00:00:00Z")),
            ("2026-12-31T00:00:00+09:00", Some("2026-12-30T15:00:00Z")),
            ("+30d", Some("2026-12-22T08:00:00Z")),
            ("-1h", Some("2026-11-22T07:00:00Z")),
            ("+2mo", Some("2027-01-22T08:00:00Z")),
            ("soon", None),
            ("", None),
        ];
        for (text, expected) in table {
            let end = end_time(text, now).ok().map(|end| end.to_string());
            assert_eq!(end.as_deref(), expected, "--not-after {text}");
        }
    }
}
