//! One certificate of the status window: which connections use it, how it stands, and what is told of it. Pure.

use crate::{
    applications::{App, CertificateFiles},
    cli::{
        messages::{
            status as status_words, table_date,
            window::{self as words, Label, Next},
        },
        status::{Entry, Obstacle, State},
        status_view::printable,
    },
    daemon::diary::{Diary, LastResult, Record},
    environment::Language,
    prompt::Question,
};
use jiff::Timestamp;
use koshin_desktop::{Card, Fact, Icon, Life};
use koshin_policy::{Kind, KindRules};

/// How a certificate stands, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// 正常です.
    Good,
    /// It cannot be read.
    Unknown,
    /// It would be due, but is not of a kind that is renewed.
    NotRenewable,
    /// 更新時期です.
    Due,
    /// 至急更新してください.
    Urgent,
    /// 期限切れです.
    Expired,
}

impl Standing {
    /// The sign, which colours the bar too.
    pub fn icon(self) -> Icon {
        match self {
            Self::Good => Icon::Done,
            Self::Unknown | Self::NotRenewable | Self::Due => Icon::Warning,
            Self::Urgent | Self::Expired => Icon::Error,
        }
    }

    fn of(entry: &Entry) -> Self {
        match entry.state {
            State::Good => Self::Good,
            State::Unknown => Self::Unknown,
            State::Expired => Self::Expired,
            State::Due | State::Urgent if never_renews(entry) => Self::NotRenewable,
            State::Due => Self::Due,
            State::Urgent => Self::Urgent,
        }
    }
}

fn never_renews(entry: &Entry) -> bool {
    matches!(
        entry.obstacle,
        Some(Obstacle::NotRenewableKind | Obstacle::UnknownKind | Obstacle::Unsupported { .. })
    )
}

/// A connection by which a certificate is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its application.
    pub app: App,
    /// Its number there.
    pub connection: usize,
}

/// A certificate, and the connections that use it.
#[derive(Debug, Clone)]
pub struct Certificate<'a> {
    entries: Vec<&'a Entry>,
    /// How it stands, for the connection that is renewed the earliest.
    pub standing: Standing,
}

/// The certificates of a report, the worst first. Connections that use none are left out.
pub fn certificates(entries: &[Entry]) -> Vec<Certificate<'_>> {
    let mut found: Vec<Certificate<'_>> = Vec::new();
    for entry in entries.iter().filter(|entry| !matches!(entry.obstacle, Some(Obstacle::NoCertificate))) {
        let sha256 = sha256(entry);
        let same = |one: &&mut Certificate<'_>| {
            sha256.is_some() && one.entries.first().is_some_and(|first| self::sha256(first) == sha256)
        };
        let standing = Standing::of(entry);
        match found.iter_mut().find(same) {
            Some(certificate) => {
                certificate.entries.push(entry);
                certificate.standing = certificate.standing.max(standing);
            }
            None => found.push(Certificate { entries: vec![entry], standing }),
        }
    }
    // Stable: equals stay in the order of the applications.
    found.sort_by_key(|certificate| (std::cmp::Reverse(certificate.standing), certificate.not_after()));
    found
}

fn sha256(entry: &Entry) -> Option<&str> {
    entry.certificate.as_ref().map(|seen| seen.note.sha256.as_str())
}

impl<'a> Certificate<'a> {
    /// The connections that use it; never empty.
    pub fn entries(&self) -> &[&'a Entry] {
        &self.entries
    }

    /// 端末名, else what the user calls the connections.
    pub fn name(&self) -> String {
        let label = self.entries.iter().find_map(|entry| entry.label.as_deref());
        let mut names: Vec<&str> = self.entries.iter().map(|entry| entry.place.name.as_str()).collect();
        names.dedup();
        printable(label.unwrap_or(&names.join(" / ")))
    }

    /// SHA-256 of the certificate, hex, if it is known.
    pub fn sha256(&self) -> Option<&'a str> {
        self.entries.iter().find_map(|entry| sha256(entry))
    }

    /// Its last instant, if it is known.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.entries.iter().find_map(|entry| entry.certificate.as_ref()).map(|seen| seen.note.not_after)
    }

    /// The question before a renewal, if the certificate is known.
    pub fn question(&self, now: Timestamp) -> Option<Question> {
        let note = &self.entries.iter().find_map(|entry| entry.certificate.as_ref())?.note;
        Some(Question::new(self.name(), &note.common_name, note.not_after, now))
    }

    /// The connection to renew it by; none where a renewal makes no sense now.
    pub fn renewal(&self) -> Option<Target> {
        // Whether the latter is due is seen when its password has been typed.
        let renewable = self.entries.iter().find(|entry| entry.renewable);
        let locked = |entry: &&&Entry| matches!(entry.obstacle, Some(Obstacle::PasswordNeeded { .. }));
        let entry = renewable.or_else(|| self.entries.iter().find(locked))?;
        Some(Target { app: entry.place.app, connection: entry.place.connection })
    }

    /// The connection by which a 復旧コード replaces it; none where it has not expired, or is of a kind that no code is
    /// issued for.
    pub fn recovery(&self) -> Option<Target> {
        let recovers = |entry: &&&Entry| {
            let note = entry.certificate.as_ref().map(|seen| &seen.note);
            let kind = note.map(|note| KindRules::default().kind_of(&note.common_name));
            let alone = !entry.place.only_follows() && entry.place.renewal_base.is_ok();
            alone && entry.place.unsupported.is_none() && kind == Some(Kind::Renewable)
        };
        if self.standing != Standing::Expired || self.renewal().is_some() {
            return None;
        }
        let entry = self.entries.iter().find(recovers)?;
        Some(Target { app: entry.place.app, connection: entry.place.connection })
    }

    /// What its button says, if it has one.
    fn action(&self, language: Language) -> Option<String> {
        let renew = self.renewal().map(|_| words::renew(language));
        renew.or_else(|| self.recovery().map(|_| words::recover(language))).map(str::to_owned)
    }

    /// What the diary has about it.
    pub fn record<'d>(&self, diary: &'d Diary) -> Option<&'d Record> {
        let keys = self.entries.iter().flat_map(|entry| keys(entry));
        keys.into_iter().find_map(|key| diary.certificates.get(&key))
    }

    /// The card. `automatic` says whether anything renews by itself here.
    pub fn card(&self, language: Language, diary: &Diary, automatic: bool, now: Timestamp) -> Card {
        let record = self.record(diary);
        let common_name = self.entries.iter().find_map(|entry| entry.certificate.as_ref());
        let common_name = common_name.map(|seen| printable(&seen.note.common_name));
        let places: Vec<String> = self
            .entries
            .iter()
            .map(|entry| format!("{} {}", entry.place.app, entry.place.connection))
            .collect();
        Card {
            title: self.name(),
            subtitle: words::subtitle(language, &places, common_name.as_deref()),
            icon: self.standing.icon(),
            state: words::standing(language, self.standing).to_owned(),
            life: self.life(language, now),
            facts: self.facts(language, record, automatic, now),
            actions: self.action(language).into_iter().collect(),
        }
    }

    fn life(&self, language: Language, now: Timestamp) -> Option<Life> {
        let facts = self.entries.iter().find_map(|entry| entry.certificate.as_ref()?.facts.as_ref())?;
        let seconds = |from: Timestamp, to: Timestamp| (to.as_second() - from.as_second()) as f32;
        Some(Life {
            left: seconds(now, facts.not_after) / seconds(facts.not_before, facts.not_after).max(1.0),
            from: table_date(facts.not_before),
            to: table_date(facts.not_after),
            remaining: words::remaining(language, facts.not_after, now),
        })
    }

    fn facts(
        &self,
        language: Language,
        record: Option<&Record>,
        automatic: bool,
        now: Timestamp,
    ) -> Vec<Fact> {
        let fact = |label: Label, value: String| Fact::new(words::label(language, label), printable(&value));
        let mut facts = Vec::new();
        facts.extend(self.not_after().map(|end| fact(Label::Expiry, words::expiry(language, end))));
        let last = record.and_then(last_connection);
        facts.extend(last.map(|at| fact(Label::LastConnection, words::moment(at))));
        let result = record.and_then(|record| record.last_result.as_ref());
        let result = result.map(|LastResult { at, result, text }| {
            words::last_result(language, result, *at, text.as_deref())
        });
        facts.push(fact(Label::LastResult, result.unwrap_or_else(|| words::no_result(language).to_owned())));
        if automatic {
            facts.push(fact(Label::NextAttempt, words::next(language, self.next(record, now), now)));
        }
        facts.extend(self.remarks(language).into_iter().map(|remark| fact(Label::Remark, remark)));
        facts
    }

    fn next(&self, record: Option<&Record>, now: Timestamp) -> Next {
        if self.standing == Standing::Expired || self.entries.iter().all(|entry| never_renews(entry)) {
            return Next::Never;
        }
        let needs_person = |last: &LastResult| last.result == "needs-person";
        if self.standing == Standing::Unknown
            || record.and_then(|record| record.last_result.as_ref()).is_some_and(needs_person)
        {
            return Next::AfterPerson;
        }
        let opens = self
            .entries
            .iter()
            .filter_map(|entry| Some(entry.place.window.opens(entry.certificate.as_ref()?.note.not_after)));
        match (record.and_then(|record| record.next_at), opens.min()) {
            (Some(at), _) if at > now => Next::At(at),
            (None, Some(opens)) if opens > now => Next::From(opens),
            _ => Next::Soon,
        }
    }

    /// Why it is not renewed, and what is odd; each once, although several connections may say it.
    fn remarks(&self, language: Language) -> Vec<String> {
        let mut remarks: Vec<String> = Vec::new();
        for entry in &self.entries {
            // Of a browser that goes along with another connection there is nothing to say.
            let obstacle = entry.obstacle.as_ref().filter(|_| self.entries.iter().all(|one| !one.renewable));
            let obstacle = obstacle.and_then(|obstacle| status_words::obstacle(language, obstacle));
            let warnings =
                entry.place.warnings.iter().map(|warning| status_words::place_warning(language, warning));
            for remark in obstacle.into_iter().chain(warnings) {
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
        remarks
    }
}

/// Under which keys the diary may have what belongs to a connection's certificate.
fn keys(entry: &Entry) -> Vec<String> {
    let place = &entry.place;
    let mut keys: Vec<String> = sha256(entry).map(str::to_owned).into_iter().collect();
    match &place.certificate {
        CertificateFiles::None => {}
        CertificateFiles::Pkcs12(path) => keys.push(path.display().to_string()),
        CertificateFiles::Pem { certificate, key } => {
            keys.extend([certificate, key].map(|path| path.display().to_string()));
        }
        CertificateFiles::Store(store) => {
            keys.extend(store.files().iter().map(|path| path.display().to_string()));
        }
    }
    keys.push(format!("{} {}", place.config_path.display(), place.connection));
    keys
}

/// When the server last answered, as far as the diary knows.
fn last_connection(record: &Record) -> Option<Timestamp> {
    let renewed = record.last_result.as_ref().filter(|last| matches!(&*last.result, "renewed" | "refused"));
    record.answer.map(|answer| answer.asked_at).max(renewed.map(|last| last.at))
}
