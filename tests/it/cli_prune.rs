//! `rollbook prune` and what `verify` says of a pruned ledger.

use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_ledger::activity::{Act, ActivityOutcome, SIGNED_IN};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::Submission;
use rollbook_tests::process::rollbook;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use uuid::Uuid;

const DAY_US: i64 = 86_400_000_000;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    rollbook().current_dir(folder).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(output)))
}

fn context(at: Moment, nth: u8) -> Context {
    Context {
        actor: Actor::Operator,
        at,
        seed: [nth; 32],
        reason: None,
        ticket: None,
        channel: Channel::Cli,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: Uuid::from_u128(u128::from(nth)),
        cause: None,
        expects: None,
    }
}

/// Acts of four, two and no days ago.
async fn acts(store: &Path) {
    let store = Store::sqlite(store).await.unwrap();
    let deployment = Deployment::new(store, Clock::default());
    let id = deployment.system().find("acme").await.unwrap().unwrap().id;
    let open = deployment.open(id).await.unwrap();
    let now = deployment.clock().now();
    for (nth, days) in [(1, 4), (2, 2), (3, 0)] {
        let at = now.plus_micros(-days * DAY_US);
        let (action, outcome) = (SIGNED_IN, ActivityOutcome::Ok);
        let (actor_role, subject, detail) = (None, None, [].into());
        let act =
            Act { context: context(at, nth), actor_role, action, outcome, subject, judged_at: 1, detail };
        let _ = open.activity.record(act).await.unwrap();
    }
    let days = SettingsCommand::Set([(Setting::ActivityDays, SettingValue::Number(3))].into());
    let submission = Submission {
        context: context(now, 9),
        command: Command::Settings(days),
        idempotency: None,
        credentials: Vec::new(),
        only_at: None,
    };
    let _ = open.writer.submit(submission).await.unwrap();
}

#[tokio::test]
async fn activity_is_kept_for_ever_or_as_long_as_the_setting_says() {
    let folder = tempfile::tempdir().unwrap();
    let founded = run(folder.path(), &["init", "--organization", "acme", "--owner", "ada"]);
    assert!(founded.status.success(), "{}", text(&founded));
    let kept = run(folder.path(), &["prune"]);
    assert_eq!(
        (kept.status.code(), text(&kept).contains("acme: activity is kept for ever")),
        (Some(0), true)
    );
    acts(&folder.path().join("rollbook-data/rollbook.sqlite")).await;
    let pruned = json_of(&run(folder.path(), &["--json", "prune", "--organization", "acme"]));
    assert_eq!(pruned, json!({ "items": [{ "organization": "acme", "activity_days": 3, "pruned": 1 }] }));
    let again = json_of(&run(folder.path(), &["--json", "prune"]));
    assert_eq!(again["items"][0]["pruned"], 0);
    let verified = run(folder.path(), &["verify"]);
    let said = text(&verified);
    assert_eq!(verified.status.code(), Some(0), "{said}");
    assert!(said.contains("3 entries  root none  pruned up to 1\n"), "{said}");
    let nobody = run(folder.path(), &["prune", "--organization", "nobody"]);
    assert_eq!(
        (nobody.status.code(), text(&nobody).contains("there is no organization nobody")),
        (Some(3), true)
    );
}
