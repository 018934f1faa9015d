//! The expired dialog: a person types a 復旧コード, at an application's start or from the status window.

use crate::{
    applications::App,
    cli::{
        messages::{dialogs as words, failures, renew as renew_words},
        renew::explanation,
    },
    daemon::diary,
    dialogs,
    environment::Environment,
    prompt::{DesktopPrompt, Explanation, Prompt},
    renewal::{
        Failure,
        by_code::{self, Redeemed},
        group::{Group, Passwords},
        performer::Surroundings,
        session::Session,
    },
};
use jiff::Timestamp;
use koshin_desktop::{Choice, Dialog};
use koshin_policy::RecoveryCode;
use secrecy::ExposeSecret;

/// Somebody who is asked in dialogs.
pub trait Asked: Prompt {
    /// Shows a dialog and waits for the answer; `None` where none can be shown.
    fn show(&mut self, dialog: Dialog) -> Option<Choice>;
    /// What was reported since the last call: good to know with the result.
    fn take_notes(&mut self) -> Vec<String>;
}

impl Asked for DesktopPrompt<'_> {
    fn show(&mut self, dialog: Dialog) -> Option<Choice> {
        self.ask(dialog)
    }

    fn take_notes(&mut self) -> Vec<String> {
        Self::take_notes(self)
    }
}

/// A certificate that has expired.
#[derive(Debug, Clone, Copy)]
pub struct Expired<'a> {
    /// An application that uses it.
    pub app: App,
    /// Its SHA-256, hex.
    pub sha256: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Its last instant.
    pub not_after: Timestamp,
    /// Whom to call.
    pub contact: Option<&'a str>,
    /// Applications may run that still have it.
    pub is_open: bool,
}

/// Asks until a code has brought a new certificate or the person gives up. Answers the new one's end.
pub fn ask_for_code(
    expired: Expired<'_>,
    environment: &Environment,
    with: Surroundings<'_>,
    person: &mut impl Asked,
) -> Option<Timestamp> {
    let language = environment.language;
    let Expired { name, not_after, contact, is_open, .. } = expired;
    let explanation = failures::expired(language);
    let mut error: Option<String> = None;
    loop {
        let dialog = dialogs::expired(language, name, not_after, &explanation, contact, error.as_deref());
        let Some(Choice::Pressed { index: dialogs::YES, text: Some(typed) }) = person.show(dialog) else {
            return None;
        };
        let redeemed = match RecoveryCode::parse(typed.expose_secret()) {
            Err(_) => Err(words::mistyped_code(language).to_owned()),
            Ok(code) => redeem(expired, &code, environment, with, person),
        };
        match redeemed {
            Ok(not_after) => {
                let notes = person.take_notes();
                person.show(dialogs::done(language, name, not_after, &notes, is_open));
                return Some(not_after);
            }
            Err(why) => error = Some(why),
        }
    }
}

/// Gives the code for the certificate. Answers the new one's end, or why there is none.
fn redeem(
    expired: Expired<'_>,
    code: &RecoveryCode,
    environment: &Environment,
    with: Surroundings<'_>,
    person: &mut impl Asked,
) -> Result<Timestamp, String> {
    let language = environment.language;
    let mut passwords = Passwords::new(person, None);
    let session = Session::begin(environment, |place| place.app == expired.app, with, &mut passwords)
        .map_err(|failure| in_the_field(&renew_words::failure(language, &failure, None)))?;
    let wanted = |group: &Group| group.sha256() == expired.sha256;
    // Somebody else has replaced it while the dialog was open.
    let Some(Redeemed { group, run }) = by_code::redeem(&session, wanted, code, with, &mut passwords) else {
        return Err(words::replaced_meanwhile(language).to_owned());
    };
    let name = group.known_as(with.state_dir);
    let why = explanation(language, with.now(), group, &run);
    diary::note_attempt(with, group, &name, &run, why.as_ref());
    match (run.new, why) {
        (None, _) if matches!(run.failure, Some(Failure::NoRecovery { .. })) => {
            Err(words::no_recovery(language).to_owned())
        }
        (Some(new), _) => Ok(new.not_after),
        (None, Some(why)) => Err(in_the_field(&why)),
        (None, None) => Err(words::replaced_meanwhile(language).to_owned()),
    }
}

/// An explanation below the field that it is about.
fn in_the_field(explanation: &Explanation) -> String {
    let Explanation { title, lines, .. } = explanation;
    std::iter::once(title).chain(lines).map(String::as_str).collect::<Vec<_>>().join("\n")
}
