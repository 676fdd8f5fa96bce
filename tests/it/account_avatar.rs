//! Users' pictures and sign-ins: known by their bytes, kept beside the ledger, gone with an erasure.

use crate::products_world::{PASSWORD, World, sign_in};
use rollbook_tests::app::picture;
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MOST: usize = 8 << 20;
const PATH: &str = "/api/v1/users/bo/avatar";

async fn put(who: &Client, declared: &str, bytes: Vec<u8>) -> Answer {
    who.send_bytes("PUT", PATH, declared, bytes).await
}

async fn read(who: &Client, path: &str) -> Value {
    who.get(&format!("/api/v1{path}")).await.expect(200).json()
}

fn jpeg() -> Vec<u8> {
    b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x02\x00\x03\x01\x01\x11\x00".to_vec()
}

fn of_size(size: usize) -> Vec<u8> {
    let mut bytes = picture(9);
    bytes.resize(size, 0);
    bytes
}

#[tokio::test]
async fn xcally_2_an_avatar_is_a_png_or_jpg_of_at_most_8_mib_whatever_it_is_called() {
    let world = World::founded("xcally").await;
    let _ = world.add("bo", "Admin", None).await;
    let _ = world.ada.get(PATH).await.refused(404, "not_found");
    for (bytes, media) in [(picture(1), "image/png"), (jpeg(), "image/jpeg")] {
        let shown = put(&world.ada, "text/plain", bytes.clone()).await.expect(200).json();
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let told = json!({ "media_type": media, "bytes": bytes.len(), "sha256": sha256 });
        assert_eq!(shown["avatar"], told);
        let got = world.ada.get(PATH).await.expect(200);
        assert_eq!((got.header("content-type"), &got.body[..]), (Some(media), &bytes[..]));
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
        let tag = format!("\"{sha256}\"");
        assert_eq!(got.header("etag"), Some(tag.as_str()));
        let again = world.ada.clone().with("if-none-match", &tag).get(PATH).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00".to_vec();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>".to_vec();
    for bytes in [gif, svg, Vec::new(), b"{}".to_vec(), picture(1)[..12].to_vec()] {
        let _ = put(&world.ada, "image/png", bytes).await.refused(415, "not_a_picture");
    }
    let _ = put(&world.ada, "image/png", of_size(MOST)).await.expect(200);
    let keyed = world.ada.clone().with("idempotency-key", "k");
    let _ = put(&keyed, "image/png", of_size(MOST)).await.expect(200);
    for who in [&world.ada, &keyed] {
        let _ = put(who, "image/png", of_size(MOST + 1)).await.refused(413, "body_too_large");
    }
    let _ = world.ada.delete(PATH).await.expect(200);
    let _ = world.ada.get(PATH).await.refused(404, "not_found");
    let large = json!({ "name": "x".repeat(2 << 20) });
    let _ = world.ada.patch("/api/v1/users/bo", &large).await.refused(413, "body_too_large");
}

#[tokio::test]
async fn an_undone_picture_shows_the_one_before_and_erasing_takes_every_picture() {
    let world = World::founded("xcally").await;
    let _ = world.add("bo", "Admin", None).await;
    let _ = put(&world.ada, "image/png", picture(1)).await.expect(200);
    let second = put(&world.ada, "image/png", picture(2)).await.expect(200).json();
    let dry = world.ada.clone().with("rollbook-dry-run", "true");
    let _ = put(&dry, "image/png", picture(3)).await.expect(200);
    assert_eq!(world.ada.get(PATH).await.expect(200).body[..], picture(2)[..]);
    let select = json!({ "events": [second["position"]] });
    let plan = world.post("/rollbacks/plan", json!({ "select": select })).await.expect(200).json();
    let _ = world.post("/rollbacks", json!({ "plan": plan["id"], "select": select })).await.expect(201);
    assert_eq!(world.ada.get(PATH).await.expect(200).body[..], picture(1)[..]);
    let newest = &read(&world.ada, "/users/bo/history").await["items"][0];
    assert_eq!(
        (&newest["action"], &newest["changes"][0]["field"]),
        (&json!("user.avatar_set"), &json!("avatar"))
    );
    let id = second["id"].as_str().unwrap().to_owned();
    let _ = world.ada.delete("/api/v1/users/bo").await.expect(200);
    let _ = world.post("/users/bo/erase", json!({})).await.expect(200);
    let _ = world.ada.get(&format!("/api/v1/users/{id}/avatar")).await.refused(404, "not_found");
    let erased = read(&world.ada, &format!("/users/{id}")).await;
    assert_eq!((&erased["avatar"], &erased["logons"]), (&Value::Null, &json!(0)));
    let history = read(&world.ada, &format!("/users/{id}/history")).await.to_string();
    assert!(!history.contains("image/png") && history.contains("[erased]"));
    let _ = world
        .ada
        .send_bytes("PUT", &format!("/api/v1/users/{id}/avatar"), "image/png", picture(4))
        .await
        .refused(409, "erased");
}

#[tokio::test]
async fn voximplant_5_an_avatar_is_set_by_oneself_alone() {
    let world = World::founded("voximplant").await;
    let bo = world.add("bo", "Agent", None).await;
    let _ = put(&bo, "image/png", picture(1)).await.expect(200);
    for who in [&world.ada, &world.add("mo", "Administrator", None).await] {
        let _ = put(who, "image/png", picture(2)).await.refused(403, "permission_missing");
        let _ = who.delete(PATH).await.refused(403, "permission_missing");
    }
    assert_eq!(world.ada.get(PATH).await.expect(200).body[..], picture(1)[..]);
    let cy = world.add("cy", "Agent", None).await;
    let _ = cy.get(PATH).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_product_without_pictures_takes_none() {
    let world = World::founded("queuemetrics").await;
    let _ = world.add("bo", "User", None).await;
    let _ = put(&world.ada, "image/png", picture(1)).await.refused(409, "not_offered");
    let _ = world.ada.get(PATH).await.refused(404, "not_found");
}

#[tokio::test]
async fn queuemetrics_1_the_last_logon_and_the_number_of_logons_are_shown_without_a_change() {
    let world = World::founded("queuemetrics").await;
    let _ = world.post("/users", json!({ "login": "cy", "name": "Cy", "role": "User" })).await.expect(201);
    let never = read(&world.ada, "/users/cy").await;
    assert_eq!((&never["last_logon"], &never["logons"]), (&Value::Null, &json!(0)));
    let bo = world.add("bo", "User", None).await;
    let once = read(&bo, "/users/bo").await;
    let _ = sign_in(&world.anonymous, "bo", PASSWORD).await;
    let twice = read(&bo, "/users/bo").await;
    assert_eq!((&once["logons"], &twice["logons"]), (&json!(1), &json!(2)));
    assert!(twice["last_logon"].as_str() > once["last_logon"].as_str());
    assert_eq!((&once["version"], &once["position"]), (&twice["version"], &twice["position"]));
    let then = read(&bo, &format!("/users/bo?at={}", twice["position"])).await;
    assert!(then.get("logons").is_none());
}
