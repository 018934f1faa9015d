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

/// The address of whoever renews the group's certificate: one place that knows it is enough.
pub(crate) fn renewal_base(group: &Group) -> Result<String, Failure> {
    renewing_place(group).map(|(_, base)| base)
}

/// The first place that knows the address, by its index, and the address.
fn renewing_place(group: &Group) -> Result<(usize, String), Failure> {
    let mut unknown = Failure::Defect("a group without a place".to_owned());
    for (index, place) in group.places.iter().enumerate() {
        match &place.renewal_base {
            Ok(base) => return Ok((index, base.clone())),
            Err(error) => unknown = error.clone().into(),
        }
    }
    Err(unknown)
}

/// Opens the certificate in every place: one whose key cannot be opened could not be switched either.
pub(crate) fn open(group: &Group, passwords: &mut Passwords<'_>) -> Result<Opened, Failure> {
    let mut credentials = Vec::new();
    let mut known = Vec::new();
    let mut chains = Vec::new();
    let mut authorities: Vec<Vec<u8>> = Vec::new();
    let mut locked = None;
    let (renewing, base) = renewing_place(group)?;
    for place in &group.places {
        authorities.extend(ca_certificates(place)?);
        match passwords.open(place) {
            Ok((credential, password)) => {
                authorities.extend(credential.chain_der.iter().cloned());
                chains.push(credential.chain_der.clone());
                credentials.push((place, credential, password.clone()));
                known.push(password);
            }
            // Another place has the key as well; this one takes the new certificate without giving up the old key.
            Err(error @ CredentialError::KeyNotExportable { .. }) => {
                locked.get_or_insert(error);
                chains.push(Vec::new());
                known.push(None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let Some((holder, old, password)) = credentials.into_iter().next() else {
        let nobody = || Failure::Defect("a group without a place".to_owned());
        return Err(locked.map_or_else(nobody, Failure::from));
    };
    let protected = is_protected(holder)?;
    Ok(Opened {
        // Whoever names the server also says whom to trust there: another place may know another CA, for another server.
        trust: Trust::for_place(&group.places[renewing], &chains[renewing])?,
        staging_password: password.filter(|_| protected),
        old,
        passwords: known,
        base,
        authorities,
    })
}
