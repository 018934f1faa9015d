//! Places that share one certificate: renewed once, switched together.

use crate::{
    applications::{
        Labels, Place,
        credential::{self, Credential, CredentialError},
    },
    prompt::{PasswordRequest, Prompt, Question},
    storage::changes::digest,
};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_policy::{Kind, KindRules};
use secrecy::SecretString;
use std::path::Path;

/// How often a password is asked for before it is given up.
const ATTEMPTS: usize = 3;

/// The places of one certificate.
#[derive(Debug, Clone)]
pub struct Group {
    /// The certificate.
    pub certificate: CertificateFacts,
    /// Where it lives; never empty.
    pub places: Vec<Place>,
    /// Connections and files that could not be looked into. As long as there are any, they may use this certificate
    /// too, and the server is not told to end it.
    pub perhaps_shared_with: Vec<String>,
}

impl Group {
    /// SHA-256 of the certificate, hex.
    pub fn sha256(&self) -> String {
        digest(&self.certificate.der)
    }

    /// When the first of the applications wants to renew.
    pub fn opens(&self) -> Timestamp {
        let opens = self.places.iter().map(|place| place.window.opens(self.certificate.not_after));
        opens.min().unwrap_or(self.certificate.not_after)
    }

    /// Whether certificates of this name renew.
    pub fn kind(&self) -> Kind {
        KindRules::default().kind_of(&self.certificate.common_name)
    }

    /// What people call it: the names of its places.
    pub fn name(&self) -> String {
        let mut names: Vec<&str> = self.places.iter().map(|place| place.name.as_str()).collect();
        names.dedup();
        names.join(" / ")
    }

    /// 端末名 if the server has told it, else [`Self::name`].
    pub fn known_as(&self, state_dir: &Path) -> String {
        let labels = Labels::load(state_dir);
        labels.get(&self.certificate).map_or_else(|| self.name(), str::to_owned)
    }

    /// What a person is asked before a renewal.
    pub fn question(&self, state_dir: &Path, now: Timestamp) -> Question {
        let CertificateFacts { common_name, not_after, .. } = &self.certificate;
        Question::new(self.known_as(state_dir), common_name, *not_after, now)
    }
}

/// What became of a list of places.
#[derive(Debug, Default)]
pub struct Gathered {
    /// By certificate, in the order of the places.
    pub groups: Vec<Group>,
    /// Places whose certificate cannot be read, and why.
    pub unreadable: Vec<(Place, CredentialError)>,
    /// Wanted places that cannot be renewed, see [`Place::unsupported`].
    pub unsupported: Vec<Place>,
    /// Certificates of which no place is wanted.
    pub others: Vec<Group>,
}

/// Sorts places by certificate. `wanted` says which of them are to be renewed: only for these are passwords asked;
/// the others join a group if they are seen to share its certificate, and so do `idle` ones.
pub fn gather(
    places: Vec<Place>,
    idle: Vec<Place>,
    wanted: impl Fn(&Place) -> bool,
    passwords: &mut Passwords<'_>,
) -> Gathered {
    let mut gathered = Gathered::default();
    let (wanted, others): (Vec<Place>, Vec<Place>) =
        places.into_iter().partition(|place| wanted(place) && !place.only_follows());
    let mut unseen = Vec::new();
    for place in wanted {
        if place.unsupported.is_some() {
            gathered.unsupported.push(place);
            continue;
        }
        match certificate(&place, |place| passwords.open(place).map(|(found, _)| found.certificate)) {
            Ok(certificate) => join(&mut gathered.groups, certificate, place),
            Err(CredentialError::None) => {}
            Err(error) => {
                unseen.extend(hides_a_certificate(&error).then(|| place.name.clone()));
                gathered.unreadable.push((place, error));
            }
        }
    }
    for place in others.into_iter().chain(idle.into_iter().filter(works)) {
        match certificate(&place, |place| passwords.open_silently(place)) {
            Ok(found) if gathered.groups.iter().any(|group| group.certificate.der == found.der) => {
                join(&mut gathered.groups, found, place);
            }
            Ok(found) => join(&mut gathered.others, found, place),
            // It is not opened by asking, but neither is it forgotten.
            Err(error) => unseen.extend(hides_a_certificate(&error).then_some(place.name)),
        }
    }
    for group in &mut gathered.groups {
        group.perhaps_shared_with.clone_from(&unseen);
    }
    gathered
}

/// Whether a place that cannot be read may work for its application all the same.
fn hides_a_certificate(error: &CredentialError) -> bool {
    !matches!(error, CredentialError::None | CredentialError::Missing { .. })
}

/// Whether an idle place could be in use: what is left of a former installation must not keep anybody from renewing.
fn works(place: &Place) -> bool {
    matches!(
        credential::open(place, None),
        Ok(_) | Err(CredentialError::PasswordNeeded { .. } | CredentialError::Unreadable { .. })
    )
}

fn certificate(
    place: &Place,
    with_password: impl FnOnce(&Place) -> Result<CertificateFacts, CredentialError>,
) -> Result<CertificateFacts, CredentialError> {
    match credential::read_certificate(place) {
        Err(CredentialError::PasswordNeeded { .. }) => with_password(place),
        read => read,
    }
}

fn join(groups: &mut Vec<Group>, certificate: CertificateFacts, place: Place) {
    match groups.iter_mut().find(|group| group.certificate.der == certificate.der) {
        Some(group) => group.places.push(place),
        None => {
            groups.push(Group { certificate, places: vec![place], perhaps_shared_with: Vec::new() });
        }
    }
}

/// Where passwords that are not saved come from: told beforehand, or asked.
pub struct Passwords<'a> {
    prompt: &'a mut dyn Prompt,
    told: Option<SecretString>,
    known: Vec<SecretString>,
}

impl<'a> Passwords<'a> {
    /// Asks `prompt`, unless a password was `told` beforehand, which then is the only one tried.
    pub fn new(prompt: &'a mut dyn Prompt, told: Option<SecretString>) -> Self {
        Self { prompt, told, known: Vec::new() }
    }

    /// The one to ask and to tell.
    pub fn prompt(&mut self) -> &mut dyn Prompt {
        self.prompt
    }

    /// Opens the place's certificate and key; also says with which password, if one is needed or saved.
    ///
    /// # Errors
    /// [`CredentialError`], also when nobody knows the password.
    pub fn open(&mut self, place: &Place) -> Result<(Credential, Option<SecretString>), CredentialError> {
        let needed = match credential::open(place, None) {
            Err(error @ CredentialError::PasswordNeeded { .. }) => error,
            opened => return Ok((opened?, credential::known_password(place)?)),
        };
        if let Some(told) = self.told.clone() {
            return Ok((credential::open(place, Some(&told))?, Some(told)));
        }
        for password in &self.known {
            if let Ok(opened) = credential::open(place, Some(password)) {
                return Ok((opened, Some(password.clone())));
            }
        }
        self.ask(place, needed)
    }

    fn ask(
        &mut self,
        place: &Place,
        needed: CredentialError,
    ) -> Result<(Credential, Option<SecretString>), CredentialError> {
        let CredentialError::PasswordNeeded { path } = &needed else { return Err(needed) };
        let mut request =
            PasswordRequest { name: place.name.clone(), path: path.clone(), previous_was_wrong: false };
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            let Some(password) = self.prompt.password(&request) else { break };
            match credential::open(place, Some(&password)) {
                Err(error @ CredentialError::WrongPassword { .. }) => failed = Some(error),
                opened => {
                    let opened = opened?;
                    self.known.push(password.clone());
                    return Ok((opened, Some(password)));
                }
            }
            request.previous_was_wrong = true;
        }
        Err(failed.unwrap_or(needed))
    }

    fn open_silently(&self, place: &Place) -> Result<CertificateFacts, CredentialError> {
        let candidates = self.told.iter().chain(&self.known);
        let opened = candidates.filter_map(|password| credential::open(place, Some(password)).ok()).next();
        opened.map_or_else(|| credential::read_certificate(place), |opened| Ok(opened.certificate))
    }
}
