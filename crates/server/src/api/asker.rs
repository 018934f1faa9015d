//! Who asks, in which language, and whether it is only a trial.

use crate::{
    clock,
    listener::Peer,
    use_cases::{Caller, Koshin, Purpose, RenewalCaller, UseCaseError},
};
use axum::extract::FromRequestParts;
use http::{HeaderMap, header::ACCEPT_LANGUAGE, request::Parts};
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use koshin_protocol::{TRIAL_HEADER, problem::ProblemCode};
use std::{convert::Infallible, sync::Arc};

/// The language of an answer. Japanese unless English is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 日本語
    Japanese,
    /// English
    English,
}

impl Language {
    /// The better of the two by `Accept-Language` (RFC 9110, 12.5.4).
    pub fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if weight(wanted, "en") > weight(wanted, "ja") { Self::English } else { Self::Japanese }
    }
}

/// The highest weight, in thousandths, that the header gives to a language.
fn weight(header: &str, language: &str) -> u32 {
    header.split(',').filter_map(|range| range_weight(range, language)).max().unwrap_or(0)
}

fn range_weight(range: &str, language: &str) -> Option<u32> {
    let mut parts = range.split(';').map(str::trim);
    let primary = parts.next()?.split('-').next()?;
    if !primary.eq_ignore_ascii_case(language) {
        return None;
    }
    let quality = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
    let quality: f32 = quality.parse().unwrap_or(0.0);
    // In 0..=1000 after the clamp, so the cast cannot lose anything.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((quality.clamp(0.0, 1.0) * 1000.0) as u32)
}

/// The asking side of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(super) peer: Option<Peer>,
    pub(super) language: Language,
    trial: bool,
    /// When the request was read.
    pub(crate) now: Timestamp,
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self {
            peer: parts.extensions.get::<Peer>().cloned(),
            language: Language::of(&parts.headers),
            trial: parts.headers.get(TRIAL_HEADER).is_some_and(|value| value == "1"),
            now: clock::now(),
        })
    }
}

impl Asker {
    /// The other end of the connection.
    pub(crate) fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// The terminal that asks. Its first request with a new certificate confirms it.
    pub(crate) async fn caller(&self, koshin: &Koshin) -> Result<Caller, UseCaseError> {
        let purpose = if self.trial { Purpose::Trial } else { Purpose::Use };
        let peer = self.certificate()?;
        koshin.authenticate(&peer, purpose, self.now).await
    }

    /// The terminal that asks for a renewal. Whoever renews with a certificate uses it,
    /// whatever the trial header says.
    pub(crate) async fn caller_for_renewal(&self, koshin: &Koshin) -> Result<RenewalCaller, UseCaseError> {
        let peer = self.certificate()?;
        koshin.authenticate_for_renewal(&peer, self.now).await
    }

    /// The terminal that asks, leaving the records as they are.
    pub(crate) async fn caller_on_trial(&self, koshin: &Koshin) -> Result<Caller, UseCaseError> {
        let peer = self.certificate()?;
        koshin.authenticate(&peer, Purpose::Trial, self.now).await
    }

    /// The certificate of the connection, which the handshake has proved.
    pub(crate) fn certificate(&self) -> Result<Arc<CertificateFacts>, UseCaseError> {
        let certificate = self.peer.as_ref().and_then(Peer::shared_certificate);
        certificate.ok_or_else(|| super::denied(ProblemCode::CertificateRequired))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn japanese_unless_english_is_preferred() {
        let table = [
            ("", Language::Japanese),
            ("ja", Language::Japanese),
            ("en", Language::English),
            ("en-US,en;q=0.9,ja;q=0.8", Language::English),
            ("ja,en-US;q=0.9", Language::Japanese),
            ("fr, de;q=0.5", Language::Japanese),
            ("ja;q=0.1, en;q=0.2", Language::English),
            ("en;q=0", Language::Japanese),
            ("en;q=nonsense", Language::Japanese),
        ];
        for (header, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
            assert_eq!(Language::of(&headers), expected, "Accept-Language: {header}");
        }
    }
}
