//! `/services`: what each service's policy is, and another one in its place.

use super::{
    super::{
        super::{
            dates,
            endpoints::Call,
            failure::Failure,
            page::{Page, html, see_other},
            texts::Texts,
        },
        overview::actor,
    },
    done, escaped,
    fields::{Alternative, Field, Input},
};
use crate::{
    config::PolicySetting,
    store::ServicePolicy,
    use_cases::{ServiceView, SettingView, SiteError},
};
use askama::Template;
use axum::response::Response;
use http::StatusCode;

/// All of them.
#[derive(Template)]
#[template(path = "site/operators/services.html")]
struct Services<'a> {
    page: &'a Page,
    rows: Vec<Row>,
}

struct Row {
    path: String,
    id: String,
    name: String,
    years: String,
    settings: Vec<Shown>,
}

/// A setting as people read it.
struct Shown {
    label: String,
    value: String,
    changed: bool,
}

/// One of them.
#[derive(Template)]
#[template(path = "site/operators/service.html")]
struct ServicePage<'a> {
    page: &'a Page,
    done: Option<String>,
    wrong: Option<String>,
    path: String,
    id: &'a str,
    changed: Option<String>,
    fields: Vec<Field>,
}

/// `GET /services`
pub(in super::super::super) async fn list(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let services = call.koshin.service_views(&actor).await?;
    let page = call.visit.page.titled("services-title");
    let t = page.t;
    let row = |service: ServiceView| Row {
        path: path(&service.id),
        years: t.with("service-years", "years", service.years),
        settings: service.settings.iter().map(|setting| shown(t, setting)).collect(),
        id: service.id,
        name: service.name,
    };
    let rows = services.into_iter().map(row).collect();
    Ok(html(&page, StatusCode::OK, &Services { page: &page, rows }))
}

/// `GET /services/{service}`
pub(in super::super::super) async fn show(call: Call) -> Result<Response, Failure> {
    let service = find(&call).await?;
    let entered: Vec<String> =
        service.settings.iter().map(|setting| setting.changed.clone().unwrap_or_default()).collect();
    Ok(drawn(call.visit.page.clone(), &call, &service, &entered, None))
}

/// `POST /services/{service}`
pub(in super::super::super) async fn edit(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let service = find(&call).await?;
    let entered: Vec<String> =
        PolicySetting::ALL.iter().map(|setting| call.form.text(setting.key()).to_owned()).collect();
    let refused = |setting| drawn(call.visit.page.clone(), &call, &service, &entered, Some(setting));
    let policy = match policy(&call) {
        Ok(policy) => policy,
        Err(setting) => return Ok(refused(setting)),
    };
    match call.koshin.set_service_policy(&actor, &service.id, policy, call.visit.now).await {
        Ok(()) => Ok(see_other(&format!("{}?done=saved", path(&service.id)))),
        Err(SiteError::Policy(problem)) => match problem.setting() {
            Some(setting) => Ok(refused(setting)),
            None => Err(SiteError::Policy(problem).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// `POST /services/{service}/reset`
pub(in super::super::super) async fn reset(call: Call) -> Result<Response, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    let none = ServicePolicy::default();
    call.koshin.set_service_policy(&actor, &call.parameter, none, call.visit.now).await?;
    Ok(see_other(&format!("{}?done=reset", path(&call.parameter))))
}

async fn find(call: &Call) -> Result<ServiceView, Failure> {
    let actor = actor(call.visit.session.as_ref())?;
    Ok(call.koshin.service_view(&actor, &call.parameter).await?)
}

fn path(id: &str) -> String {
    format!("/services/{}", escaped(id))
}

/// What the form says; empty is as the file says. A number that is none is refused here,
/// everything else by the rules of the file.
fn policy(call: &Call) -> Result<ServicePolicy, PolicySetting> {
    let text = |setting: PolicySetting| {
        let text = call.form.text(setting.key());
        (!text.is_empty()).then(|| text.to_owned())
    };
    let number = |setting| {
        let number = text(setting).map(|text| text.parse::<u32>());
        number.transpose().map_err(|_| setting)
    };
    Ok(ServicePolicy {
        hosts: text(PolicySetting::Hosts).map(|text| hosts(&text)),
        max_remaining_days: number(PolicySetting::Window)?,
        preferred_hours: text(PolicySetting::Hours),
        pkcs12: text(PolicySetting::Profile),
        pkcs12_iterations: number(PolicySetting::Iterations)?,
        legacy_key: text(PolicySetting::LegacyKey),
    })
}

/// One on a line; who separates them otherwise is understood, too.
fn hosts(text: &str) -> Vec<String> {
    let between = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '、' | '，');
    text.split(between).filter(|host| !host.is_empty()).map(str::to_owned).collect()
}

fn drawn(
    page: Page,
    call: &Call,
    service: &ServiceView,
    entered: &[String],
    wrong: Option<PolicySetting>,
) -> Response {
    let t = page.t;
    let page = Page { title: service.name.clone(), ..page };
    let wrong_key = wrong.map(|setting| format!("{}-wrong", key(setting)));
    let judged = wrong.map(PolicySetting::key).zip(wrong_key.as_deref());
    let fields = service.settings.iter().zip(entered).map(|(setting, value)| field(t, setting, value));
    let changed = service.changed.as_ref().map(|(at, by)| {
        t.with_two("service-changed", ("when", dates::minute(*at).into()), ("who", by.as_str().into()))
    });
    let view = ServicePage {
        done: done(t, &call.query),
        wrong: wrong_key.as_deref().map(|key| t.say(key)),
        path: path(&service.id),
        id: &service.id,
        changed,
        fields: fields.map(|field| field.judged(t, judged)).collect(),
        page: &page,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(&page, status, &view)
}

/// The field of a setting: its hint says what the file has.
fn field(t: &Texts, setting: &SettingView, value: &str) -> Field {
    let key = key(setting.setting);
    let value = match setting.setting {
        PolicySetting::Hosts => &value.replace(' ', "\n"),
        _ => value,
    };
    let default = value_text(t, setting.setting, &setting.default);
    let words = setting.setting.words();
    let input = if words.is_empty() {
        match setting.setting {
            PolicySetting::Hosts => Input::Lines,
            PolicySetting::Hours => Input::Line(11),
            _ => Input::Number,
        }
    } else {
        let of_file = Alternative {
            word: String::new(),
            label: t.with("service-as-the-file", "value", default.as_str()),
        };
        let word = |word: &&str| Alternative {
            word: (*word).to_owned(),
            label: value_text(t, setting.setting, word),
        };
        Input::One(std::iter::once(of_file).chain(words.iter().map(word)).collect())
    };
    let field = Field::new(t, setting.setting.key(), &key, value, input);
    Field { hint: Some(t.with(&format!("{key}-about"), "value", default)), ..field }
}

fn shown(t: &Texts, setting: &SettingView) -> Shown {
    let value = setting.changed.as_ref().unwrap_or(&setting.default);
    Shown {
        label: t.say(&key(setting.setting)),
        value: value_text(t, setting.setting, value),
        changed: setting.changed.is_some(),
    }
}

/// The key of a setting's texts.
fn key(setting: PolicySetting) -> String {
    format!("policy-{}", setting.key().replace('_', "-"))
}

/// A value as people read it.
fn value_text(t: &Texts, setting: PolicySetting, value: &str) -> String {
    match setting {
        PolicySetting::Window => t.with("policy-days", "days", value),
        PolicySetting::Hosts if value.is_empty() => t.say("policy-hosts-none"),
        PolicySetting::Hosts => value.replace(' ', ", "),
        PolicySetting::Hours if value.is_empty() => t.say("hours-whole-day"),
        PolicySetting::Profile => match value {
            "modern" => t.say("policy-pkcs12-modern"),
            _ => t.say("policy-pkcs12-compatible"),
        },
        PolicySetting::LegacyKey => value.to_uppercase(),
        PolicySetting::Hours | PolicySetting::Iterations => value.to_owned(),
    }
}
