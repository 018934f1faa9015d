//! The short way of a renewal and of its fetch: taken when nothing is wrong, and without a trace when anything is.

use crate::{
    recovery::request,
    world::{World, now},
};
use jiff::SignedDuration;
use koshin_issuance::{CertificateFacts, CertificateRequest, KeyAlgorithm, read_pkcs12};
use koshin_policy::CertificateState::{self, InUse, Issued};
use koshin_protocol::renewal::RenewalReply;
use koshin_server::use_cases::{KeyLevel, Purpose};
use std::{sync::Arc, time::Duration};

async fn states(world: &World) -> Vec<CertificateState> {
    let rows = world.koshin.store().certificates().await.unwrap();
    rows.into_iter().filter(|row| row.tenant_id == "clinic").map(|row| row.state).collect()
}

#[tokio::test]
async fn the_short_way_is_taken_when_nothing_is_wrong_and_leaves_no_trace_otherwise() {
    let world = World::new().await;
    let peer = Arc::new(world.peer("clinic").clone());
    let open = peer.not_after - SignedDuration::from_hours(10 * 24);
    let at_once = async |request, at| {
        let certificate = world.koshin.renew_at_once(Arc::clone(&peer), Arc::new(request), at).await.unwrap();
        certificate.map(|der| CertificateFacts::from_der(&der).unwrap())
    };
    assert!(at_once(request(), open).await.is_none(), "its own first use comes first");
    assert_eq!(states(&world).await, [Issued]);
    world.koshin.authenticate(&peer, Purpose::Use, now()).await.unwrap();

    assert!(at_once(request(), now()).await.is_none(), "it is too early");
    let of_another = CertificateRequest { common_name: Some("client002".to_owned()), ..request() };
    assert!(at_once(of_another, open).await.is_none(), "the request names another terminal");
    assert_eq!(states(&world).await, [InUse]);

    let renewed = at_once(request(), open).await.expect("nothing is wrong");
    assert_eq!((renewed.common_name.as_str(), renewed.not_before <= open), ("client001", true));
    assert!(at_once(request(), open).await.is_none(), "the unused one is in the way");
    assert_eq!(states(&world).await, [InUse, Issued]);
    // The long way finds ticket and place given back, and lets the unused one give way.
    let caller = world.koshin.authenticate_for_renewal(&peer, open).await.unwrap();
    world.koshin.renew_with_device_key(caller, request().public_key, open).await.unwrap();
}

/// Waits until a key is in stock: they are made in idle time.
async fn a_key_in_stock(world: &World) -> KeyLevel {
    let rsa = KeyAlgorithm::Rsa { bits: 2048 };
    loop {
        let level = world.koshin.key_pool().level(rsa).filter(|level| level.keys > 0);
        if let Some(level) = level {
            return level;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_short_way_of_the_legacy_door_takes_a_key_only_for_a_renewal_that_nothing_is_wrong_with() {
    let world = World::new().await;
    let peer = Arc::new(world.peer("clinic").clone());
    let open = peer.not_after - SignedDuration::from_hours(10 * 24);
    let at_once = async |at| world.koshin.bundle_at_once(Arc::clone(&peer), at).await.unwrap();
    world.koshin.authenticate(&peer, Purpose::Use, now()).await.unwrap();
    assert!(at_once(open).await.is_none(), "no key is at hand");

    world.koshin.key_pool().fill_in_idle_time();
    let before = a_key_in_stock(&world).await.used;
    assert!(at_once(now()).await.is_none(), "it is too early");
    let reply = loop {
        // None, too, while those who fill the stock are at it.
        if let Some(reply) = at_once(open).await {
            break reply;
        }
    };
    assert_eq!(states(&world).await, [InUse, Issued]);
    assert_eq!(a_key_in_stock(&world).await.used, before + 1);
    assert!(at_once(open).await.is_none(), "the unused one is in the way");
    assert_eq!(a_key_in_stock(&world).await.used, before + 1, "the key went back to the stock");
    // The long way finds ticket and place given back.
    let caller = world.koshin.authenticate_for_renewal(&peer, open).await.unwrap();
    let later = world.koshin.renew_with_server_key(caller, open).await.unwrap();

    let fetch = async |reply: &RenewalReply, peer: &Arc<CertificateFacts>| {
        let token = reply.uri.rsplit('/').next().unwrap();
        world.koshin.fetch_at_once(Arc::clone(peer), token, open).await.unwrap()
    };
    assert!(fetch(&reply, &peer).await.is_none(), "its certificate has given way to the later one");
    let stranger = Arc::new(world.peer("other").clone());
    world.koshin.authenticate(&stranger, Purpose::Use, now()).await.unwrap();
    assert!(fetch(&later, &stranger).await.is_none(), "it is another terminal's");
    let pkcs12 = fetch(&later, &peer).await.expect("its own");
    let bundle = read_pkcs12(&pkcs12, &later.pass).unwrap();
    assert_eq!(CertificateFacts::from_der(&bundle.certificate_der).unwrap().common_name, "client001");
}

#[tokio::test]
async fn a_service_that_has_changed_to_p256_needs_no_stock_for_the_short_way() {
    let world = World::new().await;
    let peer = Arc::new(world.peer("clinic").clone());
    let open = peer.not_after - SignedDuration::from_hours(10 * 24);
    world.koshin.authenticate(&peer, Purpose::Use, now()).await.unwrap();
    let node = Arc::new(world.node_with_legacy_key(KeyAlgorithm::P256));
    let reply = node.bundle_at_once(Arc::clone(&peer), open).await.unwrap().expect("nothing is wrong");
    let token = reply.uri.rsplit('/').next().unwrap();
    let pkcs12 = node.fetch_at_once(peer, token, open).await.unwrap().expect("its own");
    let bundle = read_pkcs12(&pkcs12, &reply.pass).unwrap();
    assert_eq!(bundle.key.algorithm(), KeyAlgorithm::P256);
}
