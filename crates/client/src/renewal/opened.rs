//! The present certificate of a group, opened.

use crate::{
    applications::credential::{Credential, CredentialError, ca_certificates, is_protected},
    doors::Trust,
    renewal::{
        Failure,
        group::{Group, Passwords},
    },
};
use secrecy::SecretString;

/// What becomes known when the present certificate is opened.
pub(crate) struct Opened {
    pub(crate) old: Credential,
    pub(crate) passwords: Vec<Option<SecretString>>,
    pub(crate) staging_password: Option<SecretString>,
    pub(crate) base: String,
    pub(crate) trust: Trust,
    pub(crate) authorities: Vec<Vec<u8>>,
}

/// Opens the certificate in every place: one whose key cannot be opened could not be switched either.
pub(crate) fn open(group: &Group, passwords: &mut Passwords<'_>) -> Result<Opened, Failure> {
    let mut credentials = Vec::new();
    let mut known = Vec::new();
    let mut authorities: Vec<Vec<u8>> = Vec::new();
    let mut locked = None;
    for place in &group.places {
        if let Some(why) = &place.unsupported {
            return Err(Failure::Unsupported(format!("{}: {why}", place.name)));
        }
        authorities.extend(ca_certificates(place)?);
        match passwords.open(place) {
            Ok((credential, password)) => {
                authorities.extend(credential.chain_der.iter().cloned());
                credentials.push((place, credential, password.clone()));
                known.push(password);
            }
            // Another place has the key as well; this one takes the new certificate without giving up the old key.
            Err(error @ CredentialError::KeyNotExportable { .. }) => {
                locked.get_or_insert(error);
                known.push(None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let first = group.places.first().ok_or_else(|| Failure::Defect("a group without a place".to_owned()))?;
    let mapped = group.places.iter().find_map(|place| place.renewal_base.as_ref().ok());
    let base = mapped.map_or_else(|| first.renewal_base.clone(), |base| Ok(base.clone()))?;
    let Some((holder, old, password)) = credentials.into_iter().next() else {
        let nobody = || Failure::Defect("a group without a place".to_owned());
        return Err(locked.map_or_else(nobody, Failure::from));
    };
    let protected = is_protected(holder)?;
    Ok(Opened {
        trust: Trust::for_place(holder, &old.chain_der)?,
        staging_password: password.filter(|_| protected),
        old,
        passwords: known,
        base,
        authorities,
    })
}
