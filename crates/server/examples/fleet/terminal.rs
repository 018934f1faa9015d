//! One of very many terminals, and its certificates from the first to the one in use.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::live::Live;
use crate::script::Blob;
use crate::tenant::Tenant;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// A certificate's life in seconds, three years, over which the ends are spread.
const LIFE: i64 = 1095 * DAY;
/// A terminal renews once a year: the three months before the end are the latest time, not the usual one.
const BETWEEN: i64 = 365 * DAY;
/// Seconds between the ends of two of the 65,536 places in that span.
const STEP: i64 = LIFE / 65_536;
/// So many of these places have passed already: ten days.
const EXPIRED: i64 = 600;
/// One of so many fails, and one of so many others has a certificate that it never used: of a thousand, more than a page.
const FAILING: u32 = 17;
const UNUSED: u32 = 18;
/// A digest's 32 bytes make up a certificate of some 700.
const DER_PARTS: usize = 22;

pub(crate) const TERMINAL_COLUMNS: &str = "INSERT INTO terminal (tenant_id, common_name, label, place, \
     created_at, last_seen_at, last_result, last_result_at, failing_since, current_serial, current_state, \
     begins_at, expires_at, unused_serial, name_key, place_key, search_text) VALUES ";
pub(crate) const CERTIFICATE_COLUMNS: &str = "INSERT INTO certificate (serial, terminal_id, parent, state, door, \
     key_fingerprint, not_before, not_after, created_at, first_used_at, ended_at, end_reason, der) VALUES ";

/// One of so many terminals was renewed only when somebody had been told.
const TOLD: u32 = 3;
pub(crate) const NOTICE_COLUMNS: &str = "INSERT INTO outbox (serial, notice, channel, recipient, tenant_id, \
     state, attempts, created_at, next_attempt_at, ended_at) VALUES ";

pub(crate) const ATTEMPT_COLUMNS: &str =
    "INSERT INTO renewal_attempt (terminal_id, hour, reason, times, last_at) VALUES ";
/// In so many of the last hours in which it was seen, one that fails was refused.
const REFUSALS: i64 = 24;

/// Ends spread over three years, a few failing or with an unused certificate; a live one has none of these troubles.
pub(crate) struct Terminal {
    pub(crate) number: u32,
    pub(crate) tenant: Tenant,
    serial: String,
    /// Hex, of the certificate in use.
    der: String,
    expires_at: i64,
    seen_at: i64,
    now: i64,
    live: bool,
}

/// One certificate of a terminal.
pub(crate) struct Certificate {
    pub(crate) serial: String,
    pub(crate) parent: Option<String>,
    /// First second of validity.
    pub(crate) begin: i64,
    /// When its successor was used first.
    pub(crate) replaced_at: Option<i64>,
    der: String,
}

impl Terminal {
    pub(crate) fn new(number: u32, now: Timestamp, live: Option<&Live>) -> Self {
        let hash = Sha256::digest(number.to_be_bytes());
        let spread = i64::from(u16::from_be_bytes([hash[0], hash[1]]));
        let now = now.as_second();
        let signed = live.and_then(|live| live.certificate(number));
        let expires_at = signed.map_or(now + (spread - EXPIRED) * STEP, |live| live.not_after);
        Self {
            number,
            tenant: Tenant::of(number),
            serial: signed.map_or_else(|| hex::encode(&hash[..16]), |live| live.serial.clone()),
            der: signed.map_or_else(|| hex::encode(hash).repeat(DER_PARTS), |live| hex::encode(&live.der)),
            expires_at,
            seen_at: now - DAY - spread * 60,
            now,
            live: signed.is_some(),
        }
    }

    pub(crate) fn row(&self) -> String {
        let Self { number, tenant, serial, expires_at, seen_at, now, live, .. } = self;
        let (tenant, name) = (tenant.number(), tenant.name());
        let (label, place) = (format!("受付{number}"), format!("{}階", number % 5 + 1));
        let failing = if self.fails() { now.to_string() } else { "NULL".to_owned() };
        let unused = if number % UNUSED == 0 && !live { format!("'{serial}'") } else { "NULL".to_owned() };
        let begins_at = self.begin(0);
        // Of one that is well, the first use of its certificate: nothing has happened since.
        let well = failing == "NULL" && unused == "NULL";
        let result_at = if well { begins_at } else { (*seen_at).max(begins_at) };
        let search = format!("{label}\n{place}\nclient{number}\nt{tenant}\n{name}\n{serial}");
        format!(
            "('t{tenant}', 'client{number}', '{label}', '{place}', 0, {seen_at}, 'renewed', {result_at}, \
             {failing}, '{serial}', 'in_use', {begins_at}, {expires_at}, {unused}, '{label}', '{place}', '{search}')"
        )
    }

    fn fails(&self) -> bool {
        self.number.is_multiple_of(FAILING) && !self.live
    }

    /// Why one that fails was refused of late.
    pub(crate) fn attempts(&self) -> Vec<String> {
        let id = self.number + 1;
        let refused = |ago: i64| {
            let reason = if ago % 2 == 0 { "key-rejected" } else { "renewal-too-early" };
            let at = self.seen_at - ago * HOUR;
            format!("({id}, {}, '{reason}', 1, {at})", at / HOUR)
        };
        if self.fails() { (0..REFUSALS).map(refused).collect() } else { Vec::new() }
    }

    /// From when the certificate is valid that so many others have followed.
    fn begin(&self, ago: u32) -> i64 {
        self.expires_at - LIFE - i64::from(ago) * BETWEEN
    }

    /// The certificate `generation` of `generations`, counted from 0; the last is in use.
    pub(crate) fn certificate(&self, generation: u32, generations: u32) -> Certificate {
        let ago = generations - 1 - generation;
        let serial = |ago: u32| match ago {
            0 => self.serial.clone(),
            // As long as a serial is, and nobody else's.
            _ => format!("{}{ago:016x}", self.serial.get(..self.serial.len() - 16).unwrap_or_default()),
        };
        Certificate {
            serial: serial(ago),
            parent: (generation > 0).then(|| serial(ago + 1)),
            begin: self.begin(ago),
            replaced_at: (ago > 0).then(|| self.begin(ago - 1) + 60),
            der: self.der.clone(),
        }
    }
}

impl Certificate {
    /// Notices about it that were sent: as its end came near; before its successor came, if it is the last that was
    /// replaced and one of those that needed it.
    pub(crate) fn notices(&self, terminal: &Terminal) -> Vec<String> {
        let needed = terminal.number.is_multiple_of(TOLD);
        let until = self.replaced_at.filter(|_| needed);
        let days_left = |days: i64| match until {
            // It was told that late, and renewed then.
            Some(replaced_at) => replaced_at - days * DAY / 4,
            None => self.begin + LIFE - days * DAY,
        };
        let (serial, tenant) = (&self.serial, terminal.tenant.number());
        let notice = |days| {
            let at = days_left(days);
            format!(
                "('{serial}', '{days}', 'mail', 'pc@t{tenant}.example.jp', 't{tenant}', 'sent', 1, {at}, {at}, {at})"
            )
        };
        let told = |days: &i64| days_left(*days) <= terminal.now && (self.replaced_at.is_none() || needed);
        [60, 30, 14].into_iter().filter(told).map(notice).collect()
    }

    pub(crate) fn row(&self, terminal: &Terminal, blob: Blob) -> String {
        let Self { serial, begin, der, .. } = self;
        let (terminal_id, end, der) = (terminal.number + 1, begin + LIFE, blob(der));
        let micros = begin * 1_000_000 + i64::from(terminal.number);
        let parent = self.parent.as_ref().map_or_else(|| "NULL".to_owned(), |parent| format!("'{parent}'"));
        let (state, ended) = match self.replaced_at {
            Some(at) => ("superseded", format!("{at}, 'superseded'")),
            None => ("in_use", "NULL, NULL".to_owned()),
        };
        // In no order, as those of real keys: the index of them is where each renewal meets a page of its own.
        let fingerprint = hex::encode(Sha256::digest(serial.as_bytes()));
        format!(
            "('{serial}', {terminal_id}, {parent}, '{state}', 'est', '{fingerprint}', {begin}, {end}, {micros}, \
             {begin}, {ended}, {der})"
        )
    }
}
