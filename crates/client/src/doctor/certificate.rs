//! One certificate: every step of its renewal, tried as far as that changes nothing.

use super::{Check, Finding, Health, Practice, bad, good, subject, warning};
use crate::{
    applications::{CredentialError, Place},
    cli::messages::{doctor as words, failures, renew as renew_words, status as status_words},
    daemon::diary::Diary,
    doors::DoorError,
    exit::ExitCode,
    prompt::Explanation,
    renewal::{
        Failure,
        group::{Group, Passwords},
        opened::{self, Opened},
    },
    storage::{atomic, directory},
};
use koshin_policy::Kind;
use koshin_protocol::{problem::ProblemCode, renewal::CertificateStatus};
use std::path::PathBuf;

/// Room that the files of one place need at most: 256 KiB, as a renewal tries it.
const ROOM: usize = 256 * 1024;

pub(super) fn unreadable(practice: Practice<'_>, place: &Place, error: &CredentialError) -> Finding {
    let subject = Some(subject(place.app, place.connection, &place.name));
    let what = failures::credential(practice.environment.language, error);
    bad(Check::Certificate, subject, what, error.exit_code())
}

/// A key on a card or token: the application works with it, and Koshin cannot renew it.
pub(super) fn unsupported(practice: Practice<'_>, place: &Place) -> Finding {
    let language = practice.environment.language;
    let what = Explanation {
        title: String::new(),
        lines: vec![
            status_words::unsupported(language, place),
            words::renewed_elsewhere(language).to_owned(),
        ],
        code: None,
    };
    let subject = Some(subject(place.app, place.connection, &place.name));
    bad(Check::Renewable, subject, what, ExitCode::Config)
}

pub(super) fn examine(
    practice: Practice<'_>,
    group: &Group,
    passwords: &mut Passwords<'_>,
    findings: &mut Vec<Finding>,
) {
    let patient = Patient { practice, group };
    let renewable = patient.renewable();
    let goes_on = renewable.health != Health::Bad;
    findings.push(renewable);
    findings.push(patient.files());
    if let Some(unmapped) = patient.host() {
        findings.push(unmapped);
        return;
    }
    match opened::open(group, passwords) {
        Ok(opened) => {
            findings.push(good(Check::Certificate, patient.subject(), patient.opens()));
            if goes_on {
                patient.server(&opened, findings);
            }
        }
        Err(failure) => {
            let what = renew_words::failure(patient.language(), &failure, None);
            findings.push(bad(Check::Certificate, patient.subject(), what, failure.exit_code()));
        }
    }
    findings.extend(patient.last_attempt());
}

struct Patient<'a> {
    practice: Practice<'a>,
    group: &'a Group,
}

impl Patient<'_> {
    fn language(&self) -> crate::environment::Language {
        self.practice.environment.language
    }

    fn subject(&self) -> Option<String> {
        let place = self.group.places.first()?;
        Some(subject(place.app, place.connection, &place.name))
    }

    fn opens(&self) -> String {
        words::opened(self.language(), &self.group.certificate.common_name)
    }

    /// Kind and dates. That nothing is due yet is as it should be.
    fn renewable(&self) -> Finding {
        let (language, certificate) = (self.language(), &self.group.certificate);
        let now = self.practice.with.now();
        let refuse = |what, code| bad(Check::Renewable, self.subject(), what, code);
        match self.group.kind() {
            _ if now > certificate.not_after => refuse(failures::expired(language), ExitCode::Expired),
            _ if now < certificate.not_before => {
                refuse(renew_words::not_yet_valid(language, certificate.not_before), ExitCode::Config)
            }
            Kind::NotRenewable => refuse(failures::not_renewable(language), ExitCode::Refused),
            Kind::Unknown => {
                refuse(renew_words::unknown_kind(language, &certificate.common_name), ExitCode::Refused)
            }
            Kind::Renewable => good(
                Check::Renewable,
                self.subject(),
                words::dates(language, certificate.not_after, self.group.opens()),
            ),
        }
    }

    fn host(&self) -> Option<Finding> {
        if self.group.places.iter().any(|place| place.renewal_base.is_ok()) {
            return None;
        }
        let error = self.group.places.first()?.renewal_base.as_ref().err()?;
        let mut what = failures::renewal_host(self.language(), error);
        what.lines.push(words::after_that(self.language()).to_owned());
        Some(bad(Check::Host, self.subject(), what, error.exit_code()))
    }

    /// Every folder in which a file would be replaced, by writing one of that size there.
    fn files(&self) -> Finding {
        let fs = self.practice.with.fs;
        let mut folders: Vec<PathBuf> = Vec::new();
        for place in &self.group.places {
            for path in place.written_beside() {
                let tried = atomic::resolve(fs, &path).and_then(|real| {
                    let folder = atomic::parent(&real).to_owned();
                    if !folders.contains(&folder) {
                        directory::check_room(fs, &folder, ROOM)?;
                        folders.push(folder);
                    }
                    Ok(())
                });
                if let Err(error) = tried {
                    let what = renew_words::storage(self.language(), &error);
                    return bad(Check::Files, self.subject(), what, ExitCode::Storage);
                }
            }
        }
        good(Check::Files, self.subject(), words::files(self.language(), folders.len()))
    }

    fn server(&self, opened: &Opened, findings: &mut Vec<Finding>) {
        let asked = self
            .practice
            .with
            .network
            .talk(&opened.base, &opened.trust, &opened.old)
            .and_then(|server| server.status());
        match asked {
            Ok(status) => {
                let language = self.language();
                findings.push(good(Check::Server, self.subject(), words::reached(language, &opened.base)));
                findings.push(good(Check::Clock, self.subject(), words::clock(language).to_owned()));
                findings.push(self.permission(status));
            }
            Err(error) => {
                let check = match &error {
                    DoorError::ClockWrong { .. } => Check::Clock,
                    DoorError::ServerCertificate { clock_suspect: true, .. } => Check::Clock,
                    error if error.problem().is_some() => Check::Permission,
                    _ => Check::Server,
                };
                let what = failures::door(self.language(), &error, None);
                findings.push(bad(check, self.subject(), what, Failure::from(error).exit_code()));
            }
        }
    }

    fn permission(&self, status: Option<CertificateStatus>) -> Finding {
        let language = self.language();
        let Some(status) = status else {
            return good(Check::Permission, self.subject(), words::not_told(language).to_owned());
        };
        if status.renewable {
            return good(Check::Permission, self.subject(), words::permitted(language).to_owned());
        }
        let reason = status.reason.as_deref().and_then(ProblemCode::from_word);
        if let (Some(ProblemCode::RenewalTooEarly), Some(window)) = (reason, status.window) {
            return good(Check::Permission, self.subject(), words::permitted_from(language, window.start));
        }
        let text = status.reason_text.or(status.reason).unwrap_or_default();
        let (text, remedy) = words::refused(language, &text);
        let what = Explanation { title: String::new(), lines: vec![text, remedy.to_owned()], code: None };
        bad(Check::Permission, self.subject(), what, ExitCode::Refused)
    }

    /// A failure that may pass is worth knowing when everything else looks well.
    fn last_attempt(&self) -> Option<Finding> {
        let with = self.practice.with;
        let diary = Diary::load(with.fs, with.state_dir);
        let record = diary.certificates.get(&self.group.sha256())?;
        if record.attempts.failures == 0 {
            return None;
        }
        let last = record.last_result.as_ref()?;
        let language = self.language();
        let (text, remedy) = words::last_attempt(language, last, record.next_at);
        Some(warning(Check::LastAttempt, self.subject(), text, remedy))
    }
}
