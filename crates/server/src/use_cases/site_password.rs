//! Passwords of administrators: which are accepted, and how they are kept (argon2id).

use super::{PasswordRefusal, UseCaseError};
use crate::entropy;
use argon2::{
    Argon2, PasswordVerifier,
    password_hash::{PasswordHasher, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Characters, as a person counts them.
const SHORTEST: usize = 12;
/// Characters: longer ones would be work for nothing.
const LONGEST: usize = 128;
/// Different characters.
const LEAST_VARIETY: usize = 5;
/// Shorter names occur in too many words to be forbidden.
const SHORTEST_NAME: usize = 3;

/// What a password must not contain.
pub(super) struct Surroundings<'a> {
    /// Login and name of the person.
    pub person: [&'a str; 2],
    /// Id and name of the organisation.
    pub organisation: [&'a str; 2],
}

/// Whether a new password is accepted.
pub(super) fn judge(password: &SecretString, around: &Surroundings<'_>) -> Result<(), PasswordRefusal> {
    // Before anything is made of it: a form may hold much.
    if password.expose_secret().chars().count() > LONGEST {
        return Err(PasswordRefusal::TooLong);
    }
    let normal = normal(password);
    if normal.chars().count() < SHORTEST {
        return Err(PasswordRefusal::TooShort);
    }
    let mut characters: Vec<char> = normal.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    let variety = characters.len();
    characters.fill('\0');
    if variety < LEAST_VARIETY {
        return Err(PasswordRefusal::TooUniform);
    }
    let folded = Zeroizing::new(compact(&normal));
    if around.person.iter().any(|name| contains(&folded, name)) {
        return Err(PasswordRefusal::ContainsLogin);
    }
    if around.organisation.iter().any(|name| contains(&folded, name)) {
        return Err(PasswordRefusal::ContainsOrganisation);
    }
    Ok(())
}

fn contains(folded: &str, name: &str) -> bool {
    let name = compact(name);
    name.chars().count() >= SHORTEST_NAME && folded.contains(&name)
}

/// Without case, width and spaces.
fn compact(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|character| !character.is_whitespace()).collect()
}

/// One form for what keyboards write in several (NFKC, after NIST SP 800-63B, 5.1.1.2).
fn normal(password: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(password.expose_secret().nfkc().collect())
}

/// The PHC string of a password. Takes a processor for tens of milliseconds and 19 MiB:
/// never call it on an async thread.
pub(super) fn hash(password: &SecretString) -> Result<String, UseCaseError> {
    let salt = entropy::bytes::<16>();
    Argon2::default()
        .hash_password_with_salt(normal(password).as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| UseCaseError::Defect(format!("argon2: {error}")))
}

/// Whether `password` is the one of `known`. Without `known` it takes as long and says no:
/// nobody learns by the time which accounts exist.
pub(super) fn verify(password: &SecretString, known: Option<&str>) -> Result<bool, UseCaseError> {
    let defect = |error: &dyn std::fmt::Display| UseCaseError::Defect(format!("argon2: {error}"));
    let known = match (known, &*NOBODYS) {
        (Some(hash), _) => hash,
        (None, Ok(hash)) => hash,
        (None, Err(error)) => return Err(defect(error)),
    };
    let parsed = PasswordHash::new(known).map_err(|error| defect(&error))?;
    // More than was ever accepted: hashed all the same, so that it takes its time.
    let right = Argon2::default().verify_password(normal(password).as_bytes(), &parsed).is_ok();
    Ok(right && !std::ptr::eq(known, NOBODYS.as_deref().unwrap_or_default()))
}

/// The hash of a password that nobody has.
static NOBODYS: LazyLock<Result<String, String>> =
    LazyLock::new(|| hash(&entropy::password()).map_err(|error| error.to_string()));

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn judged(password: &str) -> Result<(), PasswordRefusal> {
        let around = Surroundings {
            person: ["hanako", "山田 花子"],
            organisation: ["clinic-1", "やまだ医院"],
        };
        judge(&SecretString::from(password), &around)
    }

    #[test]
    fn what_is_accepted() {
        let table = [
            ("correct horse battery", Ok(())),
            ("さくらのきのしたで12月", Ok(())),
            ("short pass1", Err(PasswordRefusal::TooShort)),
            ("abababababab", Err(PasswordRefusal::TooUniform)),
            ("xx-HANAKO-2026xx", Err(PasswordRefusal::ContainsLogin)),
            ("xx-ｈａｎａｋｏ-2026", Err(PasswordRefusal::ContainsLogin)),
            ("山田花子のひみつのことば", Err(PasswordRefusal::ContainsLogin)),
            ("my Clinic-1 password", Err(PasswordRefusal::ContainsOrganisation)),
            ("ここはやまだ医院の受付です", Err(PasswordRefusal::ContainsOrganisation)),
        ];
        for (password, expected) in table {
            assert_eq!(judged(password), expected, "{password}");
        }
        assert_eq!(judged(&"long enough? ".repeat(20)), Err(PasswordRefusal::TooLong));
    }

    #[test]
    fn a_hash_knows_its_password_in_every_width_and_nobody_elses() {
        let known = hash(&SecretString::from("correct horse 12")).unwrap();
        assert!(known.starts_with("$argon2id$v=19$"), "{known}");
        let right = |password: &str| verify(&SecretString::from(password), Some(&known)).unwrap();
        assert!(right("correct horse 12"));
        assert!(right("ｃｏｒｒｅｃｔ horse １２"));
        assert!(!right("Correct horse 12"));
        assert!(!verify(&SecretString::from("correct horse 12"), None).unwrap());
    }
}
