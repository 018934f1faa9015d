//! The short way of a renewal by EST: taken when nothing is wrong, and without a trace when anything is.

use crate::{
    recovery::request,
    world::{World, now},
};
use jiff::SignedDuration;
use koshin_issuance::{CertificateFacts, CertificateRequest};
use koshin_policy::CertificateState::{self, InUse, Issued};
use koshin_server::use_cases::Purpose;
use std::sync::Arc;

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
