//! Erasures by several callers at once.
use rollbook_tests::app::World;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn erasures_at_once_are_answered_alike_and_confirmed_once() {
    let world = World::new().await;
    let before = world.head().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let owner = world.owner();
        tasks.spawn(async move { owner.post("/api/v1/users/archived/erase", &json!({})).await });
    }
    let answers = tasks.join_all().await;
    // After the first the login is gone, and with it the path of whoever came too late.
    let (answered, late): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(!answered.is_empty() && late.iter().all(|answer| answer.status == 404), "{answers:?}");
    let entries = world.changes_after(before).await;
    let names: Vec<&str> = entries.iter().map(|entry| entry.event_type.as_str()).collect();
    assert_eq!(names, ["user.erasure_requested", "user.erased"]);
    for answer in answered {
        assert_eq!(answer.header("rollbook-position"), Some(entries[1].position.to_string().as_str()));
        assert_eq!(answer.json()["login"], "[erased]");
    }
}
