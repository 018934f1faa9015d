//! Tokens, from the page on which they are made to their end.

use crate::{
    support::{heading, text},
    world::World,
};
use koshin_server::use_cases::ApiScope;

#[test]
fn a_token_is_shown_once_listed_and_revoked() {
    let mut world = World::start();
    let program = world.program("clinic", &[ApiScope::TerminalsRead]);
    let token = program.token.clone().unwrap();
    assert!(token.strip_prefix("koshin_").is_some_and(|random| random.len() == 64), "256 bits: {token}");
    assert_eq!(program.get("/terminals").status, 200);

    let browser = &mut world.of("clinic").browser;
    let list = browser.get("/tokens");
    let page = text(&list);
    assert!(!page.contains(&token) && page.contains(&token[..15]), "only its beginning: {page}");
    assert!(page.contains("監視ツール") && page.contains("端末と証明書を見る"));
    let (_, rest) = page.split_once("href=\"/tokens/").unwrap();
    let path = format!("/tokens/{}", rest.split('"').next().unwrap());
    let question = browser.get(&path);
    assert_eq!((question.status, heading(&question).as_str()), (200, "APIトークンの取り消し"));
    assert_eq!(program.get("/terminals").status, 200, "asking revokes nothing");
    let done = browser.post_from(&question, &path, &[]);
    assert_eq!((done.status, done.header("location")), (303, Some("/tokens?revoked=1")));
    assert!(text(&browser.get("/tokens?revoked=1")).contains("取り消し済み"));
    let refused = program.get("/terminals");
    assert_eq!((refused.status, refused.problem().as_str()), (401, "token-invalid"));
    assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));

    let kinds: Vec<String> =
        world.site.server.audit().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect();
    assert!(kinds.ends_with(&["api_token_made".to_owned(), "api_token_revoked".to_owned()]), "{kinds:?}");
    assert!(!format!("{:?}", world.site.server.audit()).contains(&token), "no secret in the trail");
    assert!(!world.site.server.log().contains(&token), "nor in the log");
}

#[test]
fn the_form_says_what_is_wrong_beside_the_field() {
    let mut world = World::start();
    let browser = &mut world.of("clinic").browser;
    let form = browser.get("/tokens");
    assert!(text(&form).contains("APIトークンはまだありません"));
    for (fields, message) in [
        ([("name", "  "), ("days", "30"), ("scope", "trail:read")], "名前がないか、長すぎます"),
        ([("name", "<ツール>"), ("days", "30"), ("scope", "everything")], "できることが選ばれていません"),
        ([("name", "<ツール>"), ("days", "366"), ("scope", "trail:read")], "有効期限を選んでください"),
    ] {
        let answer = browser.post_from(&form, "/tokens", &fields);
        let page = text(&answer);
        assert_eq!(answer.status, 422, "{message}");
        assert!(page.contains(message) && page.contains("role=\"alert\""), "{page}");
        assert!(!page.contains("<ツール>"), "what was typed comes back as text");
    }
    assert!(text(&browser.get("/tokens")).contains("APIトークンはまだありません"), "none was made");
}

#[test]
fn another_organisations_tokens_do_not_exist_even_for_operators() {
    let mut world = World::start();
    world.program("other", &[ApiScope::TerminalsRead]);
    let page = text(&world.of("other").browser.get("/tokens"));
    let (_, rest) = page.split_once("href=\"/tokens/").unwrap();
    let path = format!("/tokens/{}", rest.split('"').next().unwrap());
    for id in ["clinic", "vendor", "operator"] {
        let browser = &mut world.of(id).browser;
        let own = browser.get("/tokens");
        assert!(!text(&own).contains("監視ツール"), "{id}");
        // An operator may know that it exists.
        let expected = if id == "operator" { 403 } else { 404 };
        assert_eq!(browser.get(&path).status, expected, "{id}");
        assert_eq!(browser.post_from(&own, &path, &[]).status, expected, "{id}");
    }
    assert_eq!(world.of("other").browser.get(&path).status, 200);
}
