//! Every screen of the site: who sees it, and the way there.

use crate::{
    support::PASSWORD,
    webdriver::Window,
    world::{Guest, World},
};

/// A screen. It is looked over for barriers, and pictured for the manual.
pub(crate) struct Screen {
    /// The picture's name.
    pub(crate) name: &'static str,
    pub(crate) guest: Guest,
    way: &'static [Step],
}

/// A step on the way to a screen.
enum Step {
    /// To the page of this row of the endpoint table, with the world's values for its variables.
    Go(&'static str),
    /// Into the field with this id.
    Type(&'static str, &'static str),
    /// On the box that this CSS selector finds.
    Tick(&'static str),
    /// On the button that this CSS selector finds, to the page that answers.
    Submit(&'static str),
}

use Guest::{Clinic, Nobody, Operator, Terminal, Vendor};
use Step::{Go, Submit, Tick, Type};

/// All of them, in the order of the manual.
pub(crate) static SCREENS: &[Screen] = &[
    screen("no-certificate", Nobody, &[Go("/")]),
    screen("entrance", Terminal, &[Go("/")]),
    screen(
        "sign-in-wrong",
        Terminal,
        &[Go("/"), Type("login", "hanako"), Type("password", "ちがうパスワード"), Submit("main form button")],
    ),
    screen("not-found", Terminal, &[Go("/nothing")]),
    screen("set-up", Terminal, &[Go("/setup/{token}")]),
    screen(
        "set-up-code",
        Terminal,
        &[
            Go("/setup/{token}"),
            Type("name", "佐々木 次郎"),
            Type("login", "jiro"),
            Type("password", PASSWORD),
            Type("again", PASSWORD),
            Submit("main form button"),
        ],
    ),
    screen(
        "sign-in-code",
        Terminal,
        &[
            Go("/"),
            Type("login", "taro"),
            Type("password", PASSWORD),
            Submit("main form button"),
            Go("/login/code"),
        ],
    ),
    screen("overview", Clinic, &[Go("/overview")]),
    screen("certificates", Clinic, &[Go("/certificates")]),
    screen("certificates-none", Clinic, &[Go("/certificates?q=なし")]),
    screen("certificate", Clinic, &[Go("/certificates/{serial}")]),
    screen("renew", Clinic, &[Go("/terminals/{id}/renew")]),
    screen("renew-ready", Clinic, &[Go("/terminals/{id}/renew"), Submit("main form button")]),
    screen("renew-waiting", Clinic, &[Go("/terminals/{id}/bundle")]),
    screen("renew-gone", Clinic, &[Go("/terminals/bundle?token=00")]),
    screen("renew-several", Clinic, &[Go("/terminals/renew?terminal=6&terminal=7")]),
    screen(
        "renew-several-ready",
        Clinic,
        &[Go("/terminals/renew?terminal=6&terminal=7"), Submit("main form button")],
    ),
    screen("issue", Clinic, &[Go("/terminals/new")]),
    screen(
        "issue-wrong",
        Clinic,
        &[Go("/terminals/new"), Type("label", "受付1"), Type("cn", "client001"), Submit("main form button")],
    ),
    screen("terminal-name", Clinic, &[Go("/terminals/{id}/name")]),
    screen("terminal-stop", Clinic, &[Go("/terminals/{id}/stop")]),
    screen("terminal-stopped", Clinic, &[Go("/certificates/{stopped}")]),
    screen("recovery", Clinic, &[Go("/terminals/{id}/recovery")]),
    screen("recovery-code", Clinic, &[Go("/terminals/{id}/recovery"), Submit("main form button")]),
    screen("administrators", Clinic, &[Go("/administrators")]),
    screen(
        "administrators-link",
        Clinic,
        &[Go("/administrators"), Type("mail", "jiro@example.jp"), Submit("main form.stack button")],
    ),
    screen("administrators-disable", Clinic, &[Go("/administrators/{account}/disable")]),
    screen("administrators-reset", Clinic, &[Go("/administrators/{account}/reset")]),
    screen("consents", Clinic, &[Go("/consents")]),
    screen("consents-grant", Clinic, &[Go("/consents/new?vendor=asahi")]),
    screen("consents-withdraw", Clinic, &[Go("/consents/withdraw?clinic=himawari&vendor=minato")]),
    screen("notices", Clinic, &[Go("/notices")]),
    screen(
        "notices-secret",
        Clinic,
        &[
            Go("/notices"),
            Type("url", "https://hooks.example.jp/koshin"),
            Submit("form[action='/notices/webhook'] button"),
        ],
    ),
    screen("notices-confirm", Clinic, &[Go("/notices/confirm/{name}")]),
    screen("history", Clinic, &[Go("/history?kind=signed_in")]),
    screen("account", Clinic, &[Go("/account")]),
    screen(
        "account-app",
        Clinic,
        &[
            Go("/account"),
            Type("app-present", PASSWORD),
            Submit("form[action='/account/authenticator'] button"),
        ],
    ),
    screen("vendor-certificates", Vendor, &[Go("/certificates")]),
    screen("tokens", Clinic, &[Go("/tokens")]),
    screen(
        "tokens-made",
        Clinic,
        &[
            Go("/tokens"),
            Type("name", "在庫システム"),
            Tick("input[value='terminals:read']"),
            Tick("input[value='certificates:issue']"),
            Submit("main form button"),
        ],
    ),
    screen("tokens-revoke", Clinic, &[Go("/tokens/{api_token}/revoke")]),
    screen("vendor-consents", Vendor, &[Go("/consents")]),
    screen("operator-administrators", Operator, &[Go("/administrators?tenant=himawari")]),
    screen("operator-history", Operator, &[Go("/history?tenant=himawari&kind=consent_granted")]),
    screen("operator-certificates", Operator, &[Go("/certificates")]),
    screen("operator-overview", Operator, &[Go("/overview")]),
    screen("operator-tenants", Operator, &[Go("/tenants")]),
    screen("operator-new-tenant", Operator, &[Go("/new-tenant")]),
    screen("operator-tenant", Operator, &[Go("/tenants/{tenant}")]),
    screen(
        "operator-tenant-wrong",
        Operator,
        &[Go("/tenants/{tenant}"), Type("hours", "9時"), Submit("#edit ~ form button")],
    ),
    screen("operator-suspend", Operator, &[Go("/tenants/{tenant}/suspend")]),
    screen("operator-resume", Operator, &[Go("/tenants/{tenant}/resume")]),
    screen("operator-services", Operator, &[Go("/services")]),
    screen("operator-service", Operator, &[Go("/services/{service}")]),
    screen("operator-authority", Operator, &[Go("/authority")]),
    screen("operator-search", Operator, &[Go("/search?q=受付")]),
    screen("operator-revocations", Operator, &[Go("/revocations")]),
    screen("operator-revocation-new", Operator, &[Go("/revocations/new?tenant=himawari")]),
    screen("operator-revocation", Operator, &[Go("/revocations/{revocation}")]),
];

const fn screen(name: &'static str, guest: Guest, way: &'static [Step]) -> Screen {
    Screen { name, guest, way }
}

impl Screen {
    /// Walks there.
    pub(crate) fn enter(&self, world: &World, window: &Window) {
        for step in self.way {
            match step {
                Go(path) => window.go(&world.address(path)),
                Type(field, text) => window.type_into(field, text),
                Tick(selector) => window.click(selector),
                Submit(selector) => window.submit(selector),
            }
        }
        window.page_with("h1");
    }

    /// The rows of the endpoint table that it passes.
    pub(crate) fn passes(&self) -> impl Iterator<Item = &'static str> {
        self.way.iter().filter_map(|step| match step {
            Go(path) => Some(path.split('?').next().unwrap_or(path)),
            Type(..) | Tick(_) | Submit(_) => None,
        })
    }
}
