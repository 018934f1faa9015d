//! Whoever tries everything with what belongs to others: real numbers and links of theirs, and
//! forms with valid proofs. Nothing is to be had, and nothing is changed.

use crate::{
    records::Records,
    support::{Browser, PASSWORD, SiteInABox, form_token, heading, text},
    victim::{VICTIM, Victim},
};
use koshin_server::{
    site::endpoints::{self, Endpoint, Who},
    store::TenantKind::{self, Clinic, Operator, Vendor},
};
use koshin_testkit::Response;

/// Something that is done to the victim's things as their owners do it, in an order in which
/// they can.
struct Attempt {
    method: &'static str,
    /// The path of its row, where several numbers are possible with the name of one in it.
    path: &'static str,
    query: &'static str,
    fields: &'static [(&'static str, &'static str)],
    /// Who may beside the owner.
    open_to: &'static [&'static str],
}

/// What a vendor may do whom the clinic lets in.
const CARE: &[&str] = &["helper", "operator"];
const OPERATORS: &[&str] = &["operator"];
/// Not even operators.
const NOBODY: &[&str] = &[];
const OF_VICTIM: &[(&str, &str)] = &[("tenant", VICTIM)];
const SURE: &[(&str, &str)] = &[("sure", "yes")];
/// Everybody's password here: the proof that is asked for once more is valid, too.
const PRESENT: &[(&str, &str)] = &[("present", PASSWORD)];

static ATTEMPTS: &[Attempt] = &[
    look("/certificates/{serial}", "", CARE),
    look("/terminals/renew", "?terminal={id}", CARE),
    look("/terminals/{id}/renew", "", CARE),
    look("/terminals/{id}/bundle", "?token={download}", CARE),
    look("/terminals/bundle", "?token={download}", CARE),
    look("/terminals/{id}/name", "", CARE),
    look("/terminals/{id}/stop", "", CARE),
    look("/terminals/{id}/recovery", "", CARE),
    send("/terminals/{id}/name", &[("label", "乗っ取り"), ("place", "")], CARE),
    // A clinic's form names no organisation: it is its own, whatever is sent.
    send(
        "/terminals/new",
        &[("tenant", VICTIM), ("label", "x"), ("place", ""), ("cn", "client099")],
        &["helper", "operator", "clinic"],
    ),
    send("/terminals/{id}/recovery", &[], CARE),
    send("/terminals/{id}/recovery/cancel", &[], CARE),
    send("/terminals/{id}/renew", &[], CARE),
    send("/terminals/renew", &[("terminal", "{id}")], CARE),
    send("/terminals/{stopped}/undo", &[], OPERATORS),
    send("/terminals/{id}/stop", &[], CARE),
    look("/administrators", "?tenant=other", OPERATORS),
    look("/administrators/{hanako}/disable", "", OPERATORS),
    look("/administrators/{hanako}/reset", "", OPERATORS),
    send("/administrators/invitations", &[("tenant", VICTIM), ("mail", "thief@example.jp")], OPERATORS),
    send("/administrators/invitations/{hash}/withdraw", &[], OPERATORS),
    send("/administrators/{jiro}/enable", &[], OPERATORS),
    send("/administrators/{hanako}/reset", &[], OPERATORS),
    send("/administrators/{hanako}/disable", &[], OPERATORS),
    look("/account/passkeys/{passkey}/remove", "", NOBODY),
    send("/account/passkeys/{passkey}/name", &[("name", "x")], NOBODY),
    send("/account/passkeys/{passkey}/remove", PRESENT, NOBODY),
    look("/history", "?tenant=other", OPERATORS),
    look("/history.csv", "?tenant=other", OPERATORS),
    look("/notices", "?tenant=other", OPERATORS),
    look("/notices/confirm/feed-renew", "?tenant=other", OPERATORS),
    send("/notices/mail", &[("tenant", VICTIM), ("mail", "yes"), ("added", "thief@example.jp")], OPERATORS),
    send("/notices/address", &[("tenant", VICTIM), ("address", "taro@example.jp")], OPERATORS),
    send("/notices/test", &[("tenant", VICTIM), ("channel", "mail")], OPERATORS),
    send("/notices/webhook", &[("tenant", VICTIM), ("url", "https://thief.example.jp/")], OPERATORS),
    send("/notices/webhook/secret", OF_VICTIM, OPERATORS),
    send("/notices/webhook/remove", OF_VICTIM, OPERATORS),
    send("/notices/feed", OF_VICTIM, OPERATORS),
    send("/notices/feed/close", OF_VICTIM, OPERATORS),
    look("/tokens/{api_token}/revoke", "", NOBODY),
    send("/tokens/{api_token}/revoke", &[], NOBODY),
    look("/setup/{token}", "", NOBODY),
    send(
        "/setup/{token}",
        &[("name", "x"), ("login", "thief"), ("password", PASSWORD), ("again", PASSWORD)],
        NOBODY,
    ),
    send("/setup/{token}/code", &[("code", "000000")], NOBODY),
    look("/consents/withdraw", "?clinic=other&vendor=helper", OPERATORS),
    send("/consents/withdraw", &[("clinic", VICTIM), ("vendor", "helper")], OPERATORS),
    look("/tenants/other", "", OPERATORS),
    look("/tenants/other/suspend", "", OPERATORS),
    look("/tenants/other/resume", "", OPERATORS),
    look("/services/default", "", OPERATORS),
    look("/revocations/{revocation}", "", OPERATORS),
    send("/tenants/other", &[("name", "x"), ("service", "default"), ("hours", "")], OPERATORS),
    send("/tenants/other/invite", &[("mail", "thief@example.jp")], OPERATORS),
    send("/services/default", &[("max_remaining_days", "40")], OPERATORS),
    send("/services/default/reset", &[], OPERATORS),
    send("/revocations/{revocation}/propose", SURE, OPERATORS),
    send("/revocations/{revocation}/approve", SURE, OPERATORS),
    send("/revocations/{revocation}/refuse", &[], OPERATORS),
    send("/revocations/{revocation}/cancel", &[], OPERATORS),
    send("/revocations", &[("way", "tenant"), ("tenant", VICTIM), ("reason", "keyCompromise")], OPERATORS),
    send(
        "/new-tenant",
        &[("id", "x"), ("kind", "operator"), ("name", "x"), ("service", "default")],
        OPERATORS,
    ),
    send("/tenants/other/suspend", &[], OPERATORS),
    send("/tenants/other/resume", &[], OPERATORS),
];

/// Rows that name nothing of anybody's: one's own things, or what everybody sees.
static NAMELESS: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/assets/{name}"),
    ("GET", "/language/{tag}"),
    ("POST", "/login"),
    ("GET", "/login/code"),
    ("POST", "/login/code"),
    ("POST", "/logout"),
    ("GET", "/overview"),
    ("GET", "/certificates"),
    ("GET", "/certificates.csv"),
    ("GET", "/terminals/new"),
    ("GET", "/login/passkey"),
    ("POST", "/login/passkey"),
    ("GET", "/account"),
    ("POST", "/account/password"),
    ("POST", "/account/authenticator"),
    ("POST", "/account/authenticator/code"),
    ("POST", "/account/passkeys/new"),
    ("POST", "/account/passkeys"),
    ("GET", "/consents"),
    ("POST", "/consents"),
    ("GET", "/consents/new"),
    ("GET", "/tenants"),
    ("GET", "/new-tenant"),
    ("GET", "/services"),
    ("GET", "/authority"),
    ("GET", "/search"),
    ("GET", "/revocations"),
    ("GET", "/revocations/new"),
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    // The address is the secret.
    ("GET", "/feed/{name}"),
];

const fn look(path: &'static str, query: &'static str, open_to: &'static [&'static str]) -> Attempt {
    Attempt { method: "GET", path, query, fields: &[], open_to }
}

const fn send(
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
    open_to: &'static [&'static str],
) -> Attempt {
    Attempt { method: "POST", path, query: "", fields, open_to }
}

impl Attempt {
    /// Its row of the table: of two that match, the one with fewer variables.
    fn endpoint(&self) -> &'static Endpoint {
        endpoints::all()
            .filter(|row| row.method == self.method && matches(row.path, self.path))
            .min_by_key(|row| row.path.matches('{').count())
            .unwrap_or_else(|| panic!("no row for {} {}", self.method, self.path))
    }

    fn row(&self) -> &'static str {
        self.endpoint().path
    }

    fn who(&self) -> Who {
        self.endpoint().who
    }

    fn by(&self, browser: &mut Browser, token: &str, victim: &Victim) -> Response {
        let path = victim.fill(&format!("{}{}", self.path, self.query));
        assert!(!path.contains('{'), "{path}");
        if self.method == "GET" {
            return browser.get(&path);
        }
        let filled: Vec<(&str, String)> =
            self.fields.iter().map(|(name, value)| (*name, victim.fill(value))).collect();
        let mut fields = vec![("token", token)];
        fields.extend(filled.iter().map(|(name, value)| (*name, value.as_str())));
        browser.post(&path, &fields)
    }
}

/// Whether a path of the attempts is of this row.
fn matches(row: &str, path: &str) -> bool {
    let (mut rows, mut parts) = (row.split('/'), path.split('/'));
    loop {
        match (rows.next(), parts.next()) {
            (None, None) => return true,
            (Some(row), Some(part)) if row == part || row.starts_with('{') => {}
            _ => return false,
        }
    }
}

#[test]
fn every_row_is_tried_or_names_nothing() {
    for row in endpoints::all() {
        let method = row.method.as_str();
        let tried = ATTEMPTS.iter().any(|attempt| attempt.method == method && attempt.row() == row.path);
        let nameless = NAMELESS.contains(&(method, row.path));
        assert!(tried != nameless, "{method} {}: how would a stranger try it?", row.path);
    }
}

/// A stranger, or somebody who has been shut out.
struct Visitor {
    name: &'static str,
    browser: Browser,
    /// The proof of its own forms.
    token: String,
    /// Whose administrator it is; none for who is let in no more, or never was.
    kind: Option<TenantKind>,
}

impl Visitor {
    fn with(name: &'static str, mut browser: Browser, kind: Option<TenantKind>) -> Self {
        let page = browser.get(if kind.is_some() { "/account" } else { "/" });
        Self { name, token: form_token(&text(&page)), browser, kind }
    }

    /// What is open to this visitor is no attempt.
    fn may(&self, attempt: &Attempt) -> bool {
        // Whoever is at a terminal of the clinic may open its links.
        let own_link = self.name == "jiro" && attempt.who() == Who::Terminal;
        own_link || attempt.open_to.contains(&self.name)
    }

    /// Which answers keep the attempt out.
    fn kept_out(&self, attempt: &Attempt) -> &'static [u16] {
        match (attempt.who(), self.kind) {
            (Who::SignedIn(kinds), Some(kind)) if !kinds.contains(&kind) => &[403],
            // What was never there has gone, as far as a stranger learns.
            (Who::SignedIn(_), Some(_)) if attempt.path == "/terminals/bundle" => &[410],
            (Who::SignedIn(_), Some(_)) => &[403, 404],
            (Who::SignedIn(_), None) => &[303, 403],
            _ => &[303, 403, 404],
        }
    }
}

/// Everybody who has no business with the victim's things, or has it no more.
fn visitors(site: &mut SiteInABox, victim: &mut Victim) -> Vec<Visitor> {
    let clinic = site.server.issue("client001");
    for (name, kind) in [("stranger", "vendor"), ("operator", "operator")] {
        site.server.command_succeeds(&["tenant", "add", name, "--kind", kind]);
    }
    let mut signed_in = |name: &'static str, kind: TenantKind, common_name: &str| {
        let terminal = site.server.issue_with(common_name, &["--tenant", name]);
        Visitor::with(name, site.signed_in(name, &terminal), Some(kind))
    };
    let stranger = signed_in("clinic", Clinic, "client003");
    let vendor = signed_in("stranger", Vendor, "client004");
    let helper = signed_in("helper", Vendor, "client005");
    let closed = signed_in("closed", Vendor, "client006");
    let mut operator = signed_in("operator", Operator, "client007");
    victim.is_proposed_for_revocation(&mut operator.browser);
    site.server.command_succeeds(&["tenant", "suspend", "closed"]);
    let jiro = std::mem::replace(&mut victim.jiro, site.browser_of(&victim.desk));
    let terminal = Visitor::with("a terminal", site.browser_of(&clinic), None);
    let nobody = site.browser(&clinic, None);
    vec![
        stranger,
        vendor,
        helper,
        operator,
        Visitor { kind: None, ..closed },
        Visitor { name: "jiro", browser: jiro, token: victim.jiros_token.clone(), kind: None },
        Visitor { name: "nobody", browser: nobody, token: terminal.token.clone(), kind: None },
        terminal,
    ]
}

#[test]
fn nobody_gets_or_changes_what_belongs_to_others() {
    let mut site = SiteInABox::start();
    let mut records = Records::open(&site.server.directory().join("koshin.db"));
    let mut victim = Victim::settle(&mut site, &mut records);
    let mut visitors = visitors(&mut site, &mut victim);
    let mut before = records.dump();
    for visitor in &mut visitors {
        for attempt in ATTEMPTS {
            if visitor.may(attempt) {
                continue;
            }
            let answer = attempt.by(&mut visitor.browser, &visitor.token, &victim);
            let case = format!("{} {} by {}", attempt.method, attempt.path, visitor.name);
            let allowed = visitor.kept_out(attempt);
            assert!(allowed.contains(&answer.status), "{case}: {} {}", answer.status, text(&answer));
            if answer.status == 303 {
                assert_eq!(answer.header("location"), Some("/"), "{case}");
            } else {
                assert_ne!(heading(&answer), "送信できませんでした", "{case}: the proof is a good one");
            }
            let after = records.dump();
            for (table, rows) in &after {
                assert_eq!(Some(rows), before.get(table), "{case} has changed {table}");
            }
            before = after;
        }
    }
    // The same by those whose things they are: it was not for want of a right number.
    let page = victim.taro.get("/account");
    let token = form_token(&text(&page));
    let mut taro = std::mem::replace(&mut victim.taro, site.browser_of(&victim.desk));
    let mut operator = visitors.into_iter().find(|visitor| visitor.name == "operator").unwrap();
    for attempt in ATTEMPTS {
        let own = !matches!(attempt.who(), Who::SignedIn(kinds) if !kinds.contains(&Clinic));
        let answer = match own {
            true => attempt.by(&mut taro, &token, &victim),
            false => attempt.by(&mut operator.browser, &operator.token, &victim),
        };
        let case = format!("{} {} by its owner: {}", attempt.method, attempt.path, text(&answer));
        assert!(matches!(answer.status, 200 | 303 | 409 | 422), "{}: {case}", answer.status);
        assert_ne!(answer.header("location"), Some("/"), "{case}");
    }
}
