//! サービスと方針, and the CA, for operators' programs.

use super::{operations::Call, refusal::Refusal};
use crate::{
    config::PolicySetting,
    store::ServicePolicy,
    use_cases::{OwnCertificate, ServiceView, Whose},
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use koshin_issuance::CertificateFacts;
use serde::Serialize;
use utoipa::ToSchema;

/// All services, by id.
#[derive(Serialize, ToSchema)]
pub(super) struct ServiceList {
    services: Vec<Service>,
}

/// A service with its policy.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    id: String,
    name: String,
    /// Years for which its certificates are issued.
    validity_years: i16,
    /// What holds now.
    policy: Policy,
    /// What operators put in the place of the file's settings; what is absent is as the file
    /// says.
    changed: Policy,
    changed_at: Option<Timestamp>,
    changed_by: Option<String>,
}

/// Settings of a service, in the words of `koshin-server.toml`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Policy {
    /// With whom its certificates are shown: DNS names, some with `:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<Vec<String>>,
    /// Days before the end from which a certificate may be renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_remaining_days: Option<u32>,
    /// `HH:MM-HH:MM` (JST) for unattended renewal; empty for the whole day.
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_hours: Option<String>,
    /// Encryption of PKCS#12: `compatible` or `modern`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pkcs12: Option<String>,
    /// Iterations of key derivation in PKCS#12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pkcs12_iterations: Option<u32>,
    /// Kind of the keys that the server makes: `rsa-2048`, `rsa-3072` or `p-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy_key: Option<String>,
}

impl From<ServicePolicy> for Policy {
    fn from(policy: ServicePolicy) -> Self {
        let ServicePolicy {
            hosts,
            max_remaining_days,
            preferred_hours,
            pkcs12,
            pkcs12_iterations,
            legacy_key,
        } = policy;
        Self { hosts, max_remaining_days, preferred_hours, pkcs12, pkcs12_iterations, legacy_key }
    }
}

impl From<ServiceView> for Service {
    fn from(view: ServiceView) -> Self {
        let policy = view.in_force().into();
        let (changed_at, changed_by) = view.changed.unzip();
        Self {
            id: view.id,
            name: view.name,
            validity_years: view.years,
            policy,
            changed: view.policy.into(),
            changed_at,
            changed_by,
        }
    }
}

/// `GET /services`
pub(super) async fn list(call: Call) -> Result<Response, Refusal> {
    let views = call.koshin.service_views(&call.caller.actor).await?;
    Ok(Json(ServiceList { services: views.into_iter().map(Service::from).collect() }).into_response())
}

/// `GET /services/{service}`
pub(super) async fn show(call: Call) -> Result<Response, Refusal> {
    let view = call.koshin.service_view(&call.caller.actor, call.inputs.text("service")).await?;
    Ok(Json(Service::from(view)).into_response())
}

/// `PUT /services/{service}/policy`
pub(super) async fn set_policy(call: Call) -> Result<Response, Refusal> {
    let inputs = &call.inputs;
    let text = |name| inputs.given(name).map(str::to_owned);
    let number = |name| inputs.number(name).and_then(|number| u32::try_from(number).ok());
    let policy = ServicePolicy {
        hosts: inputs.texts("hosts"),
        max_remaining_days: number("maxRemainingDays"),
        preferred_hours: text("preferredHours"),
        pkcs12: text("pkcs12"),
        pkcs12_iterations: number("pkcs12Iterations"),
        legacy_key: text("legacyKey"),
    };
    let (actor, id) = (&call.caller.actor, inputs.text("service"));
    call.koshin.set_service_policy(actor, id, policy, call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The CA, and the server's own certificates.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authority {
    issuing: AuthorityCertificate,
    root: AuthorityCertificate,
    /// The last moment at which a certificate of full length still ends before the CA.
    full_until: Timestamp,
    /// Whether that is near, or over.
    alarm: bool,
    /// The certificates with which this node answers.
    own: Vec<ServerCertificate>,
}

/// A CA's certificate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuthorityCertificate {
    common_name: String,
    serial: String,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl From<CertificateFacts> for AuthorityCertificate {
    fn from(facts: CertificateFacts) -> Self {
        Self {
            serial: facts.serial.to_hex(),
            common_name: facts.common_name,
            not_before: facts.not_before,
            not_after: facts.not_after,
        }
    }
}

/// A certificate with which this node answers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServerCertificate {
    /// To whom: `terminals` or `site`.
    #[serde(rename = "for")]
    whose: &'static str,
    /// None when its file cannot be read.
    not_after: Option<Timestamp>,
    /// Whether its end is near.
    alarm: bool,
}

impl From<OwnCertificate> for ServerCertificate {
    fn from(own: OwnCertificate) -> Self {
        let whose = match own.whose {
            Whose::Terminals => "terminals",
            Whose::Site => "site",
        };
        Self { whose, not_after: own.facts.map(|facts| facts.not_after), alarm: own.alarm }
    }
}

/// `GET /authority`
pub(super) async fn authority(call: Call) -> Result<Response, Refusal> {
    let view = call.koshin.authority_view(&call.caller.actor, call.now).await?;
    let body = Authority {
        issuing: view.issuing.into(),
        root: view.root.into(),
        full_until: view.full_until,
        alarm: view.alarm,
        own: view.own.into_iter().map(ServerCertificate::from).collect(),
    };
    Ok(Json(body).into_response())
}

/// The words of a setting that has few.
pub(super) fn profiles() -> Vec<&'static str> {
    PolicySetting::Profile.words().to_vec()
}

/// The same for keys.
pub(super) fn keys() -> Vec<&'static str> {
    PolicySetting::LegacyKey.words().to_vec()
}

/// How the API calls a setting.
pub(super) fn name_of(setting: Option<PolicySetting>) -> &'static str {
    match setting {
        Some(PolicySetting::Hosts) => "hosts",
        Some(PolicySetting::Window) => "maxRemainingDays",
        Some(PolicySetting::Hours) => "preferredHours",
        Some(PolicySetting::Profile) => "pkcs12",
        Some(PolicySetting::Iterations) => "pkcs12Iterations",
        Some(PolicySetting::LegacyKey) => "legacyKey",
        None => "service",
    }
}
