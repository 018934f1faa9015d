//! The present certificate of a group, opened.

use crate::{
    applications::credential::{Credential, ca_certificates, is_protected},
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
    let mut authorities: Vec<Vec<u8>> = Vec::new();
    let (renewing, base) = renewing_place(group)?;
    for place in &group.places {
        let (credential, password) = passwords.open(place)?;
        authorities.extend(ca_certificates(place)?);
        authorities.extend(credential.chain_der.iter().cloned());
        credentials.push(credential);
        known.push(password);
    }
    let first = group.places.first().ok_or_else(|| Failure::Defect("a group without a place".to_owned()))?;
    let protected = is_protected(first)?;
    // Whoever names the server also says whom to trust there: another place may know another CA, for another server.
    let trust = Trust::for_place(&group.places[renewing], &credentials[renewing].chain_der)?;
    let old = credentials.swap_remove(0);
    Ok(Opened {
        trust,
        staging_password: known[0].clone().filter(|_| protected),
        old,
        passwords: known,
        base,
        authorities,
    })
}
