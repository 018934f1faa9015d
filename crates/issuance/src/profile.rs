//! The kinds of certificate that Koshin issues, and what each of them says.

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType,
};

use crate::plan::PlanError;

/// RFC 5280 appendix A: ub-common-name and its siblings are 64 characters.
const MAX_CHARACTERS: usize = 64;

/// The subject's name. Encoded as O, OU, CN in UTF8String.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Common name (CN): 1 to 64 characters.
    pub common_name: String,
    /// Organization (O): 1 to 64 characters.
    pub organization: Option<String>,
    /// Organizational unit (OU): 1 to 64 characters.
    pub organizational_unit: Option<String>,
}

/// What the certificate is for.
#[derive(Debug, Clone, Copy)]
pub enum Template<'a> {
    /// A terminal's certificate: digitalSignature, clientAuth and nothing else.
    Client {
        /// The terminal.
        subject: &'a Subject,
    },
    /// The server's own certificate: digitalSignature, serverAuth.
    Server {
        /// Host names; with `ip_addresses`, at least one is needed.
        dns_names: &'a [String],
        /// Addresses that clients connect to directly.
        ip_addresses: &'a [IpAddr],
        /// The server.
        subject: &'a Subject,
    },
    /// A CA that issues end-entity certificates only (path length 0).
    IssuingCa {
        /// The CA.
        subject: &'a Subject,
    },
    /// A self-signed trust anchor.
    Root {
        /// The CA.
        subject: &'a Subject,
    },
}

impl Template<'_> {
    pub(crate) fn subject(&self) -> &Subject {
        match self {
            Self::Client { subject }
            | Self::Server { subject, .. }
            | Self::IssuingCa { subject }
            | Self::Root { subject } => subject,
        }
    }

    /// Everything but serial, dates and issuer.
    pub(crate) fn params(&self) -> Result<CertificateParams, PlanError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name(self.subject())?;
        params.is_ca = IsCa::ExplicitNoCa;
        match self {
            Self::Client { .. } => {
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
            Self::Server { dns_names, ip_addresses, .. } => {
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                params.subject_alt_names = alternative_names(dns_names, ip_addresses)?;
            }
            Self::IssuingCa { .. } => {
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            }
            Self::Root { .. } => {
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }
        }
        Ok(params)
    }
}

/// O, OU, CN: the order of certificates in the field, from the general to the specific.
pub(crate) fn distinguished_name(subject: &Subject) -> Result<DistinguishedName, PlanError> {
    let mut name = DistinguishedName::new();
    if let Some(organization) = &subject.organization {
        name.push(DnType::OrganizationName, checked("O", organization)?);
    }
    if let Some(unit) = &subject.organizational_unit {
        name.push(DnType::OrganizationalUnitName, checked("OU", unit)?);
    }
    name.push(DnType::CommonName, checked("CN", &subject.common_name)?);
    Ok(name)
}

fn checked<'a>(attribute: &'static str, value: &'a str) -> Result<&'a str, PlanError> {
    let refuse = |problem| Err(PlanError::Name { attribute, problem });
    if value.trim().is_empty() {
        return refuse("is empty");
    }
    if value.chars().count() > MAX_CHARACTERS {
        return refuse("has more than 64 characters");
    }
    if value.chars().any(char::is_control) {
        return refuse("contains a control character");
    }
    Ok(value)
}

fn alternative_names(dns_names: &[String], ip_addresses: &[IpAddr]) -> Result<Vec<SanType>, PlanError> {
    let mut names = Vec::with_capacity(dns_names.len() + ip_addresses.len());
    for host in dns_names {
        let bad = || PlanError::HostName(host.clone());
        if !is_host_name(host) {
            return Err(bad());
        }
        names.push(SanType::DnsName(host.as_str().try_into().map_err(|_| bad())?));
    }
    names.extend(ip_addresses.iter().copied().map(SanType::IpAddress));
    if names.is_empty() {
        return Err(PlanError::NoHostName);
    }
    Ok(names)
}

/// RFC 1123 labels; a wildcard may stand for the first one. Names in other scripts come in as `xn--`.
fn is_host_name(host: &str) -> bool {
    let labels = host.strip_prefix("*.").unwrap_or(host);
    host.len() <= 253
        && labels.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::is_host_name;

    #[test]
    fn host_names() {
        for good in ["localhost", "sms.orca.example", "*.orca.example", "xn--wgv71a.example", "a-b.example"] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in ["", ".", "a..b", "-a.example", "a_b.example", "a.*.example", "日本.example", "a b"] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
