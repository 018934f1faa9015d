//! ダウンロード(zip形式): the files of one terminal, or of several with a folder each.

use crate::store::CarriedBundle;
use jiff::Timestamp;
use koshin_issuance::certificate_to_pem;
use koshin_policy::calendar;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Write},
};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// What the files are and where they go. The password is not in it.
const GUIDE: &str = include_str!("hand_over_guide.txt");
/// The guide's name, 手順.
const GUIDE_NAME: &str = "手順.txt";
/// The part of it about connections, for services that name their hosts.
const CONNECTIONS: &str = "■ 接続先

この証明書は、次の接続先に接続するときに使います。
{hosts}ほかの接続先の設定には使わないでください。


";
/// The mark by which Notepad knows UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Everything in it is for its reader only, where systems keep such rights.
const RIGHTS: u32 = 0o600;

/// The name of the archive that holds `bundles`, ASCII.
pub(super) fn archive_name(bundles: &[CarriedBundle], now: Timestamp) -> String {
    match bundles {
        [bundle] => format!("{}.zip", plain(&bundle.common_name)),
        _ => format!("certificates-{}.zip", calendar::in_jst(now).strftime("%Y%m%d")),
    }
}

/// The archive, made at `now`: without compression, for what is encrypted does not shrink.
/// `hosts` says with whom each tenant's certificates are shown.
pub(super) fn archive(
    bundles: &[CarriedBundle],
    hosts: &BTreeMap<String, Vec<String>>,
    now: Timestamp,
) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(made_at(now))
        .unix_permissions(RIGHTS);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let tenants: BTreeSet<&str> = bundles.iter().map(|bundle| bundle.tenant_id.as_str()).collect();
    let mut taken = BTreeSet::new();
    for bundle in bundles {
        let name = plain(&bundle.common_name);
        let folder = match (bundles.len(), tenants.len()) {
            (1, _) => String::new(),
            (_, 1) => name,
            _ => format!("{}/{name}", plain(&bundle.tenant_id)),
        };
        // Different ids may look the same without their Japanese letters, and some systems do
        // not tell capitals from small letters.
        let folder = match taken.insert(folder.to_ascii_lowercase()) {
            true => folder,
            false => format!("{folder}-{}", bundle.terminal_id),
        };
        let folder = if folder.is_empty() { folder } else { format!("{folder}/") };
        let hosts = hosts.get(&bundle.tenant_id).map(Vec::as_slice).unwrap_or_default();
        for (name, bytes) in files(bundle, hosts) {
            zip.start_file(format!("{folder}{name}"), options)?;
            zip.write_all(&bytes)?;
        }
    }
    Ok(zip.finish()?.into_inner())
}

fn files(bundle: &CarriedBundle, hosts: &[String]) -> [(String, Vec<u8>); 5] {
    let name = plain(&bundle.common_name);
    [
        (format!("{name}.p12"), bundle.pkcs12.clone()),
        (format!("{name}.crt"), certificate_to_pem(&bundle.certificate).into_bytes()),
        (format!("{name}.key"), bundle.private_key.clone().into_bytes()),
        ("ca.crt".to_owned(), bundle.ca_chain.clone().into_bytes()),
        (GUIDE_NAME.to_owned(), guide(bundle, hosts).into_bytes()),
    ]
}

fn guide(bundle: &CarriedBundle, hosts: &[String]) -> String {
    let until = calendar::in_jst(bundle.not_after).strftime("%Y/%m/%d %H:%M").to_string();
    let text = GUIDE
        .replace("{file}", &plain(&bundle.common_name))
        .replace("{until}", &until)
        .replace("{serial}", &bundle.serial)
        .replace("{connections}", &connections(hosts))
        // Last: what people typed is not looked through again.
        .replace("{label}", bundle.label.as_deref().unwrap_or(&bundle.common_name));
    format!("{BYTE_ORDER_MARK}{}", text.replace('\n', "\r\n"))
}

/// For which connections the certificate is; nothing where nobody has said.
fn connections(hosts: &[String]) -> String {
    if hosts.is_empty() {
        return String::new();
    }
    let hosts: String = hosts.iter().map(|host| format!("　・{host}\n")).collect();
    CONNECTIONS.replace("{hosts}", &hosts)
}

/// A name that stays in its folder on every system.
fn plain(name: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
    let plain: String = name.chars().map(letter).collect();
    if plain.starts_with('.') { format!("_{plain}") } else { plain }
}

/// The format's clock has no zone and begins in 1980: the reader's, JST.
fn made_at(now: Timestamp) -> DateTime {
    let local = calendar::in_jst(now);
    let small = |number: i8| u8::try_from(number).unwrap_or(0);
    let year = u16::try_from(local.year()).unwrap_or(0);
    DateTime::from_date_and_time(
        year,
        small(local.month()),
        small(local.day()),
        small(local.hour()),
        small(local.minute()),
        small(local.second()),
    )
    .unwrap_or_default()
}

#[cfg(test)]
#[path = "hand_over_archive_tests.rs"]
mod tests;
