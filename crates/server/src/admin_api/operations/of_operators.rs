//! What only operators' tokens can be for: tenants, services, 一括失効.

use super::{
    super::{
        inputs::{IDENTIFIER, Input, Kind, NAME, member, optional, path, query},
        revocations, services, tenants,
    },
    EMPTY, Operation, PAGE, json,
};
use crate::{config::MOST_HOSTS, use_cases::ApiScope};
use http::Method;
use koshin_protocol::problem::ProblemCode;

const TENANT_ID: Input = path("tenantId", Kind::Text { most: 64 }, "The organisation's `id`.");
const SERVICE: Input = path("service", Kind::Text { most: 64 }, "The service's `id`.");
const TENANT_NAME: Input = member("name", NAME, "The organisation's name.");
const TENANT_SERVICE: Input = member("service", Kind::Text { most: 64 }, "The id of its service.");
/// `22:00-06:00`
const HOURS: Kind = Kind::Text { most: 11 };
const TENANT_HOURS: Input = optional(
    "hours",
    HOURS,
    "`22:00-06:00` (JST) for unattended renewal; its service's when left out or empty.",
);
/// A DNS name with a port.
const HOST: Kind = Kind::Text { most: 259 };
const HOSTS: Kind = Kind::List { least: 1, most: MOST_HOSTS, of: &HOST };
const SERIAL: Kind = Kind::Hex { most: 40 };
const SERIALS: Kind = Kind::List { least: 1, most: 1000, of: &SERIAL };
/// RFC 3339
const INSTANT: Kind = Kind::Text { most: 40 };

/// Every row of them.
pub(super) static ALL: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/tenants",
        id: "listTenants",
        scope: Some(ApiScope::TenantsRead),
        summary: "All organisations with their numbers, by name, searched and in pages.",
        inputs: &[
            query(
                "search",
                Kind::Text { most: 100 },
                "Words that all occur in id or name; case and width do not matter.",
            ),
            query("kind", Kind::Word(tenants::kinds), "Of one kind only."),
            PAGE,
            query("perPage", Kind::Number { least: 1, most: 500 }, "Organisations a page; 50 unless told."),
        ],
        success: json::<tenants::TenantList>(200),
        refusals: &[],
        action: |call| Box::pin(tenants::list(call)),
    },
    Operation {
        method: Method::POST,
        path: "/tenants",
        id: "addTenant",
        scope: Some(ApiScope::TenantsWrite),
        summary: "Adds an organisation. Its id and kind stay what they are.",
        inputs: &[
            member(
                "id",
                Kind::Text { most: 64 },
                "Also the organization (O) in its certificates; no blanks at its ends.",
            ),
            member("kind", Kind::Word(tenants::kinds), "What it is to the service."),
            TENANT_NAME,
            TENANT_SERVICE,
            TENANT_HOURS,
        ],
        success: EMPTY,
        refusals: &[ProblemCode::TenantExists],
        action: |call| Box::pin(tenants::add(call)),
    },
    Operation {
        method: Method::GET,
        path: "/tenants/{tenantId}",
        id: "getTenant",
        scope: Some(ApiScope::TenantsRead),
        summary: "One organisation.",
        inputs: &[TENANT_ID],
        success: json::<tenants::Tenant>(200),
        refusals: &[],
        action: |call| Box::pin(tenants::show(call)),
    },
    Operation {
        method: Method::PUT,
        path: "/tenants/{tenantId}",
        id: "changeTenant",
        scope: Some(ApiScope::TenantsWrite),
        summary: "Gives an organisation another name, service and hours.",
        inputs: &[TENANT_ID, TENANT_NAME, TENANT_SERVICE, TENANT_HOURS],
        success: EMPTY,
        refusals: &[],
        action: |call| Box::pin(tenants::change(call)),
    },
    Operation {
        method: Method::POST,
        path: "/tenants/{tenantId}/suspension",
        id: "suspendTenant",
        scope: Some(ApiScope::TenantsWrite),
        summary: "Suspends an organisation: its certificates open nothing, and its administrators are signed out. Not your own.",
        inputs: &[TENANT_ID],
        success: EMPTY,
        refusals: &[ProblemCode::OwnOrganisation],
        action: |call| Box::pin(tenants::suspend(call)),
    },
    Operation {
        method: Method::DELETE,
        path: "/tenants/{tenantId}/suspension",
        id: "resumeTenant",
        scope: Some(ApiScope::TenantsWrite),
        summary: "Lets a suspended organisation in again.",
        inputs: &[TENANT_ID],
        success: EMPTY,
        refusals: &[ProblemCode::OwnOrganisation],
        action: |call| Box::pin(tenants::resume(call)),
    },
    Operation {
        method: Method::GET,
        path: "/services",
        id: "listServices",
        scope: Some(ApiScope::ServicesRead),
        summary: "All services with their policies.",
        inputs: &[],
        success: json::<services::ServiceList>(200),
        refusals: &[],
        action: |call| Box::pin(services::list(call)),
    },
    Operation {
        method: Method::GET,
        path: "/services/{service}",
        id: "getService",
        scope: Some(ApiScope::ServicesRead),
        summary: "One service.",
        inputs: &[SERVICE],
        success: json::<services::Service>(200),
        refusals: &[],
        action: |call| Box::pin(services::show(call)),
    },
    Operation {
        method: Method::PUT,
        path: "/services/{service}/policy",
        id: "setServicePolicy",
        scope: Some(ApiScope::ServicesWrite),
        summary: "Puts other settings in the place of the file's: all of them. What is left out is as the file says.",
        inputs: &[
            SERVICE,
            optional(
                "hosts",
                HOSTS,
                "With whom its certificates are shown: DNS names, some with `:port`, each once; `xn--…` for other letters.",
            ),
            optional(
                "maxRemainingDays",
                Kind::Number { least: 0, most: 36_525 },
                "Days before the end from which a certificate may be renewed.",
            ),
            optional("preferredHours", HOURS, "`22:00-06:00` (JST) for unattended renewal."),
            optional("pkcs12", Kind::Word(services::profiles), "Encryption of PKCS#12."),
            optional(
                "pkcs12Iterations",
                Kind::Number { least: 1, most: 1_000_000 },
                "Iterations of key derivation in PKCS#12.",
            ),
            optional("legacyKey", Kind::Word(services::keys), "Kind of the keys that the server makes."),
        ],
        success: EMPTY,
        refusals: &[],
        action: |call| Box::pin(services::set_policy(call)),
    },
    Operation {
        method: Method::GET,
        path: "/authority",
        id: "getAuthority",
        scope: Some(ApiScope::ServicesRead),
        summary: "認証局: the CA, how long it can go on issuing, and the ends of the server's own certificates.",
        inputs: &[],
        success: json::<services::Authority>(200),
        refusals: &[],
        action: |call| Box::pin(services::authority(call)),
    },
    Operation {
        method: Method::GET,
        path: "/revocations",
        id: "listRevocations",
        scope: Some(ApiScope::RevocationsRead),
        summary: "一括失効: the latest 20, newest first; what others have only chosen is theirs.",
        inputs: &[],
        success: json::<revocations::RevocationList>(200),
        refusals: &[],
        action: |call| Box::pin(revocations::list(call)),
    },
    Operation {
        method: Method::POST,
        path: "/revocations",
        id: "prepareRevocation",
        scope: Some(ApiScope::RevocationsPrepare),
        summary: "Fixes the certificates of a mass revocation, by one of tenant, serials, or a span of time of issue. Nothing is revoked: within an hour the token's maker proposes it on the site, and another operator approves it there.",
        inputs: &[
            optional("tenant", Kind::Text { most: 64 }, "All certificates of an organisation."),
            optional("serials", SERIALS, "These: hex, lower case."),
            optional(
                "issuedFrom",
                INSTANT,
                "Those issued at or after this instant (RFC 3339); with `issuedBefore`.",
            ),
            optional("issuedBefore", INSTANT, "And before this one."),
            member("reason", Kind::Word(revocations::reasons), "Why (RFC 5280, 5.3.1)."),
        ],
        success: json::<revocations::PreparedRevocation>(201),
        refusals: &[ProblemCode::NothingToRevoke, ProblemCode::TooManyToRevoke],
        action: |call| Box::pin(revocations::prepare(call)),
    },
    Operation {
        method: Method::GET,
        path: "/revocations/{revocationId}",
        id: "getRevocation",
        scope: Some(ApiScope::RevocationsRead),
        summary: "One mass revocation, and whom it hits.",
        inputs: &[path("revocationId", IDENTIFIER, "The mass revocation's `id`.")],
        success: json::<revocations::RevocationDetail>(200),
        refusals: &[],
        action: |call| Box::pin(revocations::show(call)),
    },
];
