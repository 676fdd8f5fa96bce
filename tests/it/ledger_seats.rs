//! Seats are counted by the database: as many as there are, however many processes sell them at once.

use crate::ledger_world::{World, on_both_engines};
use rollbook_ledger::store::{Session, Store};

on_both_engines! {
    two_processes_at_once_sell_every_seat_once_and_none_twice
    whoever_is_signed_in_keeps_the_seat_until_the_last_session_is_over
}

const ORGANIZATION: &str = "0190a1b2-0000-7000-8000-000000000001";

fn session(user: &str, token: u16, begins: i64, ends: i64) -> Session {
    let mut token_hash = [0; 32];
    token_hash[..2].copy_from_slice(&token.to_be_bytes());
    Session {
        id: format!("{user}-{token}"),
        token_hash,
        aggregate_id: ORGANIZATION.to_owned(),
        user_id: user.to_owned(),
        created_at_us: begins,
        expires_at_us: ends,
    }
}

/// uContact: "70 licences: 70 simultaneous logins"; 200 people come at once.
async fn two_processes_at_once_sell_every_seat_once_and_none_twice(world: World) {
    let processes = [world.store().await, world.store().await];
    let mut comers = tokio::task::JoinSet::new();
    for comer in 0..200 {
        let store = processes[usize::from(comer % 2)].clone();
        let session = session(&format!("user{comer}"), comer, 1_000, 2_000);
        comers.spawn(async move { store.put_session_if_seated(&session, 70).await.unwrap() });
    }
    let begun = comers.join_all().await.into_iter().filter(|begun| *begun).count();
    assert_eq!(begun, 70);
    assert_eq!(processes[0].seats_taken(ORGANIZATION, 1_999).await, Ok(70));
    assert_eq!(processes[0].seats_taken(ORGANIZATION, 2_000).await, Ok(0), "their sessions are over");
    assert_eq!(processes[0].seats_taken("another", 1_999).await, Ok(0));
}

async fn whoever_is_signed_in_keeps_the_seat_until_the_last_session_is_over(world: World) {
    let store = world.store().await;
    let take = async |session: Session| Store::put_session_if_seated(&store, &session, 1).await.unwrap();
    assert!(take(session("ann", 1, 10, 100)).await);
    assert!(take(session("ann", 2, 20, 200)).await, "a second device takes no second seat");
    assert!(!take(session("bob", 3, 150, 300)).await, "one of her sessions is not over");
    assert!(store.delete_session(ORGANIZATION, "ann", "ann-2").await.unwrap());
    assert!(!take(session("bob", 4, 99, 300)).await);
    assert!(take(session("bob", 5, 100, 300)).await, "her seat is free to the microsecond");
    assert!(!take(session("ann", 6, 101, 300)).await);
}
