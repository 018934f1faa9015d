//! The mails about events in English.

use super::{
    super::text::{english_time, one_line},
    Parts, Told, name, names,
};
use crate::store::{NamedTerminal, Occurrence};
use jiff::Timestamp;
use secrecy::ExposeSecret;

const KNOWN: &str = "If you know of it, there is nothing to do.\n";

/// The parts of the mail.
pub(super) fn parts(told: &Told<'_>) -> Parts {
    match told.occurrence {
        Occurrence::RecoveryCodeIssued { terminal, by, good_until } => code_issued(terminal, by, *good_until),
        Occurrence::RecoveryCodeUsed { terminal, from, serial } => code_used(terminal, from, serial),
        Occurrence::RecoveryClosed { until } => closed(*until),
        Occurrence::RevocationProposed { number, certificates, reason, by, waits_until } => {
            proposed(*number, *certificates, reason, by, *waits_until)
        }
        Occurrence::RevocationDone { number, certificates, reason, terminals } => {
            done(*number, *certificates, reason, terminals)
        }
        Occurrence::AdministratorAdded { login, name } => added(login, name),
        Occurrence::ResetLinkIssued { login, name, by } => reset(login, name, by),
        Occurrence::Invitation { by, good_until } => invitation(told, by, *good_until),
    }
}

fn code_issued(terminal: &NamedTerminal, by: &str, good_until: Timestamp) -> Parts {
    let (terminal, by) = (name(terminal), one_line(by));
    Parts {
        subject: format!("[Notice] A recovery code was issued for {terminal}"),
        what: format!(
            "{by} has issued a recovery code for {terminal}.\nIt is good once, until {}. The code itself is \
                     not in this mail.",
            english_time(good_until)
        ),
        todo: format!(
            "{KNOWN}If not, choose {terminal} under Certificates in the administration site, and take the \
                     present code back on the page of recovery codes."
        ),
    }
}

fn code_used(terminal: &NamedTerminal, from: &str, serial: &str) -> Parts {
    let terminal = name(terminal);
    Parts {
        subject: format!("[Notice] The recovery code of {terminal} was used"),
        what: format!(
            "A recovery code was used, and a new certificate was issued for {terminal}.\nFrom: {from}\n\
                     Serial number of the new certificate: {serial}"
        ),
        todo: format!(
            "{KNOWN}If not, choose {terminal} under Certificates in the administration site, and stop its \
                     use."
        ),
    }
}

fn closed(until: Timestamp) -> Parts {
    Parts {
            subject: "[Please check] No recovery codes are taken at present".to_owned(),
            what: format!(
                "So many wrong recovery codes have come that none is taken from any organisation until {}.",
                english_time(until)
            ),
            todo: "Look into the history in the administration site and into the server's log to see where they \
                   come from.\nFor a terminal that cannot wait, renew its certificate under Certificates and hand \
                   it over."
                .to_owned(),
        }
}

fn proposed(number: i64, certificates: u64, reason: &str, by: &str, waits_until: Timestamp) -> Parts {
    Parts {
        subject: format!("[Action required] Decide on a mass revocation ({certificates} certificates)"),
        what: format!(
            "{} proposes to revoke {certificates} certificates (number {number}, reason: {reason}).\nIt comes to \
                 nothing unless another operator approves it by {}.",
            one_line(by),
            english_time(waits_until)
        ),
        todo: "Look at it under Mass revocation in the administration site, and approve or refuse it."
            .to_owned(),
    }
}

fn done(number: i64, certificates: u64, reason: &str, terminals: &[NamedTerminal]) -> Parts {
    let (count, more) = match (certificates, terminals.len()) {
        (1, _) => ("1 certificate was".to_owned(), String::new()),
        (many, named) if usize::try_from(many).is_ok_and(|all| all > named) => {
            (format!("{many} certificates were"), format!(" (the first {named} are named)"))
        }
        (many, _) => (format!("{many} certificates were"), String::new()),
    };
    Parts {
                subject: format!("[Urgent] {count} revoked"),
                what: format!(
                    "{count} revoked by the operators of the service (mass revocation {number}, reason: {reason}).\n\
                     These terminals cannot connect any more{more}:\n{}",
                    names(terminals, "- ").trim_end()
                ),
                todo: "Choose each terminal under Certificates in the administration site, and issue a recovery code \
                       or a new certificate.\nIf no terminal is left that opens the site, ask your support vendor or \
                       the operators."
                    .to_owned(),
            }
}

fn added(login: &str, name: &str) -> Parts {
    Parts {
        subject: format!("[Notice] {} has become an administrator", one_line(name)),
        what: format!(
            "{} (login {}) has become an administrator in the administration site.",
            one_line(name),
            one_line(login)
        ),
        todo: format!("{KNOWN}If not, disable the account under Administrators in the administration site."),
    }
}

fn reset(login: &str, name: &str, by: &str) -> Parts {
    Parts {
        subject: format!("[Notice] A reset link was made for {}", one_line(name)),
        what: format!(
            "{} has made a link with which the password and second factor of {} (login {}) are set up anew.",
            one_line(by),
            one_line(name),
            one_line(login)
        ),
        todo: format!("{KNOWN}If not, withdraw the link under Administrators in the administration site."),
    }
}

fn invitation(told: &Told<'_>, by: &str, good_until: Timestamp) -> Parts {
    Parts {
        subject: "[Invitation] Become an administrator".to_owned(),
        what: format!("{} invites you to be an administrator in the administration site.", one_line(by)),
        todo: format!(
            "Open this link in a browser of a terminal that has a certificate of {}, and set up your account.\n\
                 It is good once, until {}. Hand it to nobody else.\n\n{}\n\n\
                 If you did not expect it, please delete this mail.",
            one_line(told.organisation),
            english_time(good_until),
            told.link.map(ExposeSecret::expose_secret).unwrap_or_default()
        ),
    }
}
