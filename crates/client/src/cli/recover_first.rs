//! `koshin recover --server …`: the first certificate of a PC that has none.

use super::{
    FirstArgs, RecoverArgs,
    messages::first as words,
    renew_view::{RunResult, one_line},
};
use crate::{
    applications::App,
    daemon::diary::note_first,
    environment::Environment,
    prompt::{Prompt, Report},
    renewal::{
        Failure,
        first::{FirstError, Format, Obtained, Trusted, Wanted, fingerprint_in, obtain},
        performer::Surroundings,
    },
};
use koshin_policy::RecoveryCode;

/// Exchanges the code for a certificate, and says what to do with its files.
pub fn recover_first(
    code: &RecoveryCode,
    arguments: &RecoverArgs,
    server: &str,
    environment: &Environment,
    with: Surroundings<'_>,
    prompt: &mut dyn Prompt,
) -> RunResult {
    let language = environment.language;
    let mut result = RunResult::default();
    prompt.report(&Report::Note(words::begins(language, server)));
    let obtained = wanted(&arguments.first, server, arguments.app)
        .map_err(Failure::from)
        .and_then(|wanted| obtain(code, &wanted, environment, with));
    match obtained {
        Ok(obtained) => {
            remember(&obtained, with);
            prompt.report(&Report::Note(words::obtained(language, &obtained, arguments.app)));
        }
        Err(failure) => {
            result.exit_code = failure.exit_code();
            let explanation = words::failure(language, &failure);
            result.warnings.push(one_line(&explanation));
            prompt.report(&Report::NotRenewed { name: "koshin".to_owned(), explanation });
        }
    }
    result
}

fn wanted(arguments: &FirstArgs, server: &str, app: Option<App>) -> Result<Wanted, FirstError> {
    let trusted = match (&arguments.ca, &arguments.ca_fingerprint) {
        (Some(file), _) => Trusted::CaFile(file.clone()),
        (None, Some(text)) => Trusted::Fingerprint(fingerprint_in(text)?),
        (None, None) => Trusted::System,
    };
    let format = arguments.format.map_or_else(|| format_of(app), Format::from);
    Ok(Wanted { server: server.to_owned(), trusted, folder: arguments.directory.clone(), format })
}

/// What the application reads.
fn format_of(app: Option<App>) -> Format {
    match app {
        Some(App::Glclient2 | App::Receview) => Format::Pem,
        _ => Format::Pkcs12,
    }
}

/// For the status window. What cannot be remembered is seen from the files all the same.
fn remember(obtained: &Obtained, with: Surroundings<'_>) {
    if !obtained.again {
        note_first(with, &obtained.certificate);
    }
}
