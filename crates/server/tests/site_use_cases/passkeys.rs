//! Passkeys, with an authenticator that the test plays (WebAuthn, level 2, 6).

use crate::world::{PASSWORD, Person, World, after_minutes};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use koshin_server::{
    store::TrailQuery,
    use_cases::{Actor, Oneself, RelyingParty, Session, SignInRefusal, SiteError},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ORIGIN: &str = "https://admin.example.jp:8444";
/// User present, user verified.
const USER: u8 = 0x05;
/// A new credential follows.
const ATTESTED: u8 = 0x40;

fn party() -> RelyingParty {
    RelyingParty { id: "admin.example.jp".to_owned(), origin: ORIGIN.to_owned() }
}

/// A key with a fingerprint reader.
struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    counter: u32,
    /// What the browser says where it is.
    origin: &'static str,
}

impl Authenticator {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { key, id: b"credential of the test".to_vec(), counter: 0, origin: ORIGIN }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest("admin.example.jp").to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &str) -> Vec<u8> {
        let options: Value = serde_json::from_str(options).unwrap();
        let challenge = &options["publicKey"]["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    /// What `navigator.credentials.create` returns, as the script sends it.
    fn create(&mut self, options: &str) -> String {
        self.counter += 1;
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        // COSE_Key: EC2, ES256, P-256 (RFC 9052, 7; RFC 9053, 7.1).
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        cose.extend_from_slice(x);
        cose.extend_from_slice(&[0x22, 0x58, 0x20]);
        cose.extend_from_slice(y);
        let mut data = self.data(USER | ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&self.id);
        data.extend(cose);
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        self.answer(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(self.client_data("webauthn.create", options)),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
        }))
    }

    /// What `navigator.credentials.get` returns.
    fn get(&mut self, options: &str) -> String {
        self.counter += 1;
        let (data, client) = (self.data(USER), self.client_data("webauthn.get", options));
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.answer(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
        }))
    }

    fn answer(&self, response: &Value) -> String {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} })
            .to_string()
    }
}

fn oneself<'a>(person: &'a Person, session: &'a Session, token: &'a SecretString) -> Oneself<'a> {
    Oneself { visitor: &person.visitor, session, token }
}

async fn added(world: &World, me: Oneself<'_>, authenticator: &mut Authenticator) {
    let at = after_minutes(6);
    let options = world.koshin.begin_passkey(me, &party(), SecretString::from(PASSWORD), at).await.unwrap();
    let answer = authenticator.create(&options);
    world.koshin.finish_passkey(me, &party(), "受付のパソコン", &answer, at).await.unwrap();
}

fn is_refused<T>(result: &Result<T, SiteError>) -> bool {
    matches!(result, Err(SiteError::SignIn(SignInRefusal { locked_until: None })))
}

#[tokio::test]
async fn a_passkey_is_added_once_named_and_removed_by_its_owner() {
    let world = World::new().await;
    let (koshin, hanako) = (&world.koshin, world.person("clinic", "hanako").await);
    let (other, _) = world.session(&hanako, after_minutes(4)).await;
    let (token, session) = world.session(&hanako, after_minutes(5)).await;
    let me = oneself(&hanako, &session, &token);
    let at = after_minutes(6);
    let wrong = koshin.begin_passkey(me, &party(), SecretString::from("a guess at it 1"), at).await;
    assert!(is_refused(&wrong));

    let mut authenticator = Authenticator::new();
    let options = koshin.begin_passkey(me, &party(), SecretString::from(PASSWORD), at).await.unwrap();
    assert!(!options.contains("\"hanako@"), "no address is handed out: {options}");
    let answer = authenticator.create(&options);
    koshin.finish_passkey(me, &party(), "鍵", &answer, at).await.unwrap();
    let again = koshin.finish_passkey(me, &party(), "鍵", &answer, at).await;
    assert!(matches!(again, Err(SiteError::PasskeyRefused)), "an answer is good once: {again:?}");
    assert!(koshin.site_session(&hanako.visitor, &other, at).await.is_err(), "other sessions have ended");
    assert!(koshin.site_session(&hanako.visitor, &token, at).await.is_ok());

    let known = koshin.own_passkeys(me).await.unwrap();
    assert_eq!(known.len(), 1);
    let id = known[0].id;
    let taro = world.person("clinic", "taro").await;
    let (taros, taro_session) = world.session(&taro, after_minutes(5)).await;
    let stranger = oneself(&taro, &taro_session, &taros);
    assert!(matches!(koshin.rename_passkey(stranger, id, "x", at).await, Err(SiteError::NotFound)));
    let removed = koshin.remove_passkey(stranger, id, SecretString::from(PASSWORD), at).await;
    assert!(matches!(removed, Err(SiteError::NotFound)), "{removed:?}");
    for _ in 0..2 {
        koshin.rename_passkey(me, id, "受付の鍵", at).await.unwrap();
    }
    assert_eq!(koshin.own_passkeys(me).await.unwrap()[0].name, "受付の鍵");
    let trail = koshin.store().audit_trail().await.unwrap();
    let renamed: Vec<_> = trail.iter().filter(|row| row.kind == "passkey_renamed").collect();
    assert_eq!(renamed.len(), 1, "the same name is no change: {renamed:?}");
    assert!(renamed[0].actor.as_deref().unwrap().starts_with("hanako@clinic"), "{renamed:?}");
    assert!(renamed[0].detail.ends_with("becomes \"受付の鍵\""), "{renamed:?}");
    let removed = koshin.remove_passkey(me, id, SecretString::from("a guess at it 1"), at).await;
    assert!(is_refused(&removed));
    koshin.remove_passkey(me, id, SecretString::from(PASSWORD), at).await.unwrap();
    assert!(koshin.own_passkeys(me).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_passkey_takes_the_place_of_the_code_and_no_answer_counts_twice() {
    let world = World::new().await;
    let (koshin, hanako) = (&world.koshin, world.person("clinic", "hanako").await);
    let (token, session) = world.session(&hanako, after_minutes(5)).await;
    let mut authenticator = Authenticator::new();
    added(&world, oneself(&hanako, &session, &token), &mut authenticator).await;

    let (visitor, at) = (&hanako.visitor, after_minutes(10));
    let half = world.password(&hanako, PASSWORD, at).await.unwrap();
    let options = koshin.begin_passkey_sign_in(visitor, &half, &party(), at).await.unwrap().unwrap();
    let answer = authenticator.get(&options);
    let whole = koshin.check_passkey(visitor, &half, &party(), &answer, at).await.unwrap();
    assert!(koshin.site_session(visitor, &whole.token, at).await.unwrap().actor().is_ok());

    let half = world.password(&hanako, PASSWORD, at).await.unwrap();
    koshin.begin_passkey_sign_in(visitor, &half, &party(), at).await.unwrap();
    let replayed = koshin.check_passkey(visitor, &half, &party(), &answer, at).await;
    assert!(is_refused(&replayed), "it answers another challenge");
    let options = koshin.begin_passkey_sign_in(visitor, &half, &party(), at).await.unwrap().unwrap();
    authenticator.origin = "https://admin.example.jp.evil.example";
    let phished = koshin.check_passkey(visitor, &half, &party(), &authenticator.get(&options), at).await;
    assert!(is_refused(&phished), "another site's answer");
    authenticator.origin = ORIGIN;
    let options = koshin.begin_passkey_sign_in(visitor, &half, &party(), at).await.unwrap().unwrap();
    let late = after_minutes(15);
    let answer = authenticator.get(&options);
    assert!(is_refused(&koshin.check_passkey(visitor, &half, &party(), &answer, late).await), "too late");
}

/// A browser without passkeys sends nothing, a slow person too late: neither has guessed.
#[tokio::test]
async fn an_empty_or_late_answer_locks_nobody_out() {
    let world = World::new().await;
    let (koshin, hanako) = (&world.koshin, world.person("clinic", "hanako").await);
    let (token, session) = world.session(&hanako, after_minutes(5)).await;
    let mut authenticator = Authenticator::new();
    added(&world, oneself(&hanako, &session, &token), &mut authenticator).await;
    let (visitor, at) = (&hanako.visitor, after_minutes(10));
    let half = world.password(&hanako, PASSWORD, at).await.unwrap();
    let options = koshin.begin_passkey_sign_in(visitor, &half, &party(), at).await.unwrap().unwrap();
    let answer = authenticator.get(&options);
    for _ in 0..6 {
        assert!(is_refused(&koshin.check_passkey(visitor, &half, &party(), "", at).await), "empty");
        let late = koshin.check_passkey(visitor, &half, &party(), &answer, after_minutes(15)).await;
        assert!(is_refused(&late), "too late: {late:?}");
    }
    koshin.check_passkey(visitor, &half, &party(), &answer, at).await.unwrap();
}

/// A copy of a key and its original move their counters apart: one of them shows it.
#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_recorded() {
    let world = World::new().await;
    let (koshin, hanako) = (&world.koshin, world.person("clinic", "hanako").await);
    let (token, session) = world.session(&hanako, after_minutes(5)).await;
    let mut authenticator = Authenticator::new();
    added(&world, oneself(&hanako, &session, &token), &mut authenticator).await;
    let (visitor, at) = (&hanako.visitor, after_minutes(10));
    for (counter, good) in [(10, true), (3, false), (11, true)] {
        authenticator.counter = counter;
        let half = world.password(&hanako, PASSWORD, at).await.unwrap();
        let options = koshin.begin_passkey_sign_in(visitor, &half, &party(), at).await.unwrap().unwrap();
        let answer = authenticator.get(&options);
        let outcome = koshin.check_passkey(visitor, &half, &party(), &answer, at).await;
        assert_eq!(outcome.is_ok(), good, "counter {counter}: {outcome:?}");
    }
    let query = TrailQuery { limit: 1000, ..TrailQuery::default() };
    let events = koshin.history(&Actor::command_line(), query).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == "passkey_cloned").count(), 1);
}
