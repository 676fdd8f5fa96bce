//! The command line: exit codes, JSON, bad usage, settings, and what each command changes.

use crate::ledger_world;
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::organization::command::Command;
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::password::is_strong;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::Submission;
use rollbook_tests::process::{Server, rollbook};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// A folder with the organization `acme`, owned by `ada`, who has this password.
struct World {
    folder: TempDir,
    password: String,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founded =
            json(&run(folder.path(), &["--json", "init", "--organization", "acme", "--owner", "ada"]));
        let password = founded["owner"]["password"].as_str().unwrap().to_owned();
        Self { folder, password }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), arguments)
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    rollbook().current_dir(folder).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}{}", stderr(output)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn founding_twice_is_refused_and_shows_no_password() {
    let world = World::new();
    let again = world.run(&["init", "--organization", "ACME", "--owner", "bob"]);
    assert_eq!(code(&again), 3, "{}", stderr(&again));
    assert!(stderr(&again).contains("exists already"));
    assert!(again.stdout.is_empty());
    assert!(world.password.len() >= 16);
}

#[test]
fn bad_usage_exits_with_two_and_says_what_is_wrong() {
    let world = World::new();
    for (arguments, said) in [
        (&["frobnicate"][..], "unrecognized subcommand"),
        (&["init", "--owner", "x"], "--organization"),
        (&["init", "--organization", "b", "--owner", "x", "--catalog", "none"], "there is no such catalog"),
        (&["history", "planet", "x", "--organization", "acme"], "no such kind"),
        (&["history", "user", "--organization", "acme"], "say which user"),
        (&["as-of", "user", "ada", "--organization", "acme", "--at", "yesterday"], "--at"),
        (&["rollback", "plan", "--organization", "acme", "--subject", "user:ada"], "--to-version"),
        (&["verify", "--data", "nowhere"], "there is no Rollbook database in nowhere"),
        (&["serve", "--data", "a", "--database-url", "postgres://h/d"], "cannot be used with"),
        (&["demo", "--database-url", "postgres://h/d"], "use --data"),
        (&["prune", "--days", "3"], "unexpected argument"),
    ] {
        let output = world.run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_wrong_setting_names_its_key_and_its_layer() {
    let world = World::new();
    std::fs::write(world.folder.path().join("rollbook.toml"), "conections = 3\n").unwrap();
    let unknown = world.run(&["verify"]);
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("names `conections`, which is no setting"), "{}", stderr(&unknown));
    std::fs::remove_file(world.folder.path().join("rollbook.toml")).unwrap();
    let mut command = rollbook();
    command.current_dir(&world.folder).env("ROLLBOOK_LISTEN", "everywhere").arg("serve");
    let wrong = command.output().unwrap();
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("`listen` (environment ROLLBOOK_LISTEN)"), "{}", stderr(&wrong));
}

#[test]
fn a_database_that_does_not_answer_is_unavailable_and_its_password_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://u:planted@127.0.0.1:1/d";
    let output = run(folder.path(), &["verify", "--database-url", url]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert!(!stderr(&output).contains("planted"));
}

#[test]
fn history_and_as_of_answer_as_json() {
    let world = World::new();
    let history = json(&world.run(&["--json", "history", "user", "ada", "--organization", "acme"]));
    let created = history["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&created["action"], &created["version"]), (&"user.created".into(), &1.into()));
    assert_eq!(created["actor"]["kind"], "operator");
    let position = created["position"].as_u64().unwrap();
    let at = position.to_string();
    let then = json(&world.run(&["--json", "as-of", "user", "ada", "--organization", "acme", "--at", &at]));
    assert_eq!((&then["position"], &then["entity"]["login"]), (&position.into(), &"ada".into()));
    for (arguments, said) in [
        (["--at", "1"], "no such entity then"),
        (["--at", "1000000"], "has not come yet"),
        (["--at", "2100-01-01T00:00:00Z"], "has not come yet"),
    ] {
        let mut all = vec!["as-of", "user", "ada", "--organization", "acme"];
        all.extend(arguments);
        let refused = world.run(&all);
        assert_eq!((code(&refused), stderr(&refused).contains(said)), (3, true), "{}", stderr(&refused));
    }
}

#[tokio::test]
async fn an_agent_is_named_by_its_code_and_names_its_user() {
    let world = World::new();
    let store = Store::sqlite(&world.folder.path().join("rollbook-data/rollbook.sqlite")).await.unwrap();
    let deployment = Deployment::new(store, Clock::default());
    let acme = deployment.system().find("acme").await.unwrap().unwrap().id;
    let writer = deployment.open(acme).await.unwrap().writer;
    let seat = AgentEdit { code: Some("ADA".into()), ..AgentEdit::default() };
    let command = Command::Agent(AgentCommand::Create(seat));
    let (context, idempotency, credentials, only_at) =
        (ledger_world::context(Actor::Operator), None, Vec::new(), None);
    writer.submit(Submission { context, command, idempotency, credentials, only_at }).await.unwrap();
    let history = json(&world.run(&["--json", "history", "agent", "ada", "--organization", "acme"]));
    assert_eq!(history["items"][0]["sentence"], "added agent ADA");
    let at = history["items"][0]["position"].to_string();
    let then = json(&world.run(&["--json", "as-of", "agent", "ada", "--organization", "acme", "--at", &at]));
    let user = json(&world.run(&["--json", "as-of", "user", "ada", "--organization", "acme", "--at", &at]));
    assert_eq!((&then["entity"]["code"], &then["entity"]["user"]), (&"ADA".into(), &user["entity"]["id"]));
    assert_eq!(user["entity"]["agent"], then["entity"]["id"]);
    assert_eq!(code(&world.run(&["verify"])), 0);
}

#[test]
fn a_recovered_owner_has_a_new_password_and_the_ledger_says_so() {
    let world = World::new();
    let recovered = json(&world.run(&["--json", "recover", "--organization", "acme", "--login", "ADA"]));
    assert_eq!(recovered["login"], "ada");
    assert_ne!(recovered["password"], world.password);
    let history = json(&world.run(&["--json", "history", "user", "ada", "--organization", "acme"]));
    assert_eq!(history["items"][0]["action"], "user.password_set");
    assert_eq!(history["items"][0]["reason"], "recovered at the command line");
    let nobody = world.run(&["recover", "--organization", "acme", "--login", "bob"]);
    assert_eq!(code(&nobody), 3);
    assert_eq!(code(&world.run(&["verify"])), 0);
}

#[tokio::test]
async fn xcally_4_a_recovered_password_is_one_that_the_security_suite_takes() {
    let world = World::new();
    let store = Store::sqlite(&world.folder.path().join("rollbook-data/rollbook.sqlite")).await.unwrap();
    let deployment = Deployment::new(store, Clock::default());
    let acme = deployment.system().find("acme").await.unwrap().unwrap().id;
    let writer = deployment.open(acme).await.unwrap().writer;
    let on = [(Setting::SecuritySuite, SettingValue::Flag(true))];
    let command = Command::Settings(SettingsCommand::Set(on.into()));
    let context = ledger_world::context(Actor::Operator);
    let (idempotency, credentials, only_at) = (None, Vec::new(), None);
    writer.submit(Submission { context, command, idempotency, credentials, only_at }).await.unwrap();
    for kept in 1..=2 {
        let recovered = json(&world.run(&["--json", "recover", "--organization", "acme", "--login", "ada"]));
        assert!(is_strong(recovered["password"].as_str().unwrap()));
        writer.catch_up().await.unwrap();
        let user = writer.published().organization.user_by_login("ada").unwrap().id.to_string();
        let rows = deployment.store().credentials_of(&acme.to_string(), &user).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.kind == "old_password").count(), kept);
    }
    assert_eq!(code(&world.run(&["verify"])), 0);
}

#[tokio::test]
async fn a_recovered_owner_is_not_locked_out_any_more() {
    let world = World::new();
    let store = Store::sqlite(&world.folder.path().join("rollbook-data/rollbook.sqlite")).await.unwrap();
    let deployment = Deployment::new(store, Clock::default());
    let acme = deployment.system().find("acme").await.unwrap().unwrap().id;
    let writer = deployment.open(acme).await.unwrap().writer;
    let user = writer.published().organization.user_by_login("ada").unwrap().id;
    let context = ledger_world::context(Actor::System);
    let until = deployment.clock().now().plus_micros(900_000_000);
    let command = Command::User(UserCommand::LockOut { user, until });
    let (idempotency, credentials, only_at) = (None, Vec::new(), None);
    writer.submit(Submission { context, command, idempotency, credentials, only_at }).await.unwrap();
    let recovered = world.run(&["recover", "--organization", "acme", "--login", "ada"]);
    assert_eq!(code(&recovered), 0, "{}", stderr(&recovered));
    let history = json(&world.run(&["--json", "history", "user", "ada", "--organization", "acme"]));
    let actions: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| &item["action"]).collect();
    assert_eq!(actions[..3], ["user.password_set", "user.unlocked", "user.locked_out"]);
}

#[tokio::test]
async fn an_owner_whom_the_list_of_addresses_keeps_out_opens_it_at_the_command_line() {
    let world = World::new();
    let store = Store::sqlite(&world.folder.path().join("rollbook-data/rollbook.sqlite")).await.unwrap();
    let deployment = Deployment::new(store, Clock::default());
    let acme = deployment.system().find("acme").await.unwrap().unwrap().id;
    let writer = deployment.open(acme).await.unwrap().writer;
    let list = [(Setting::AddressesAllowed, SettingValue::List(vec!["203.0.113.9".to_owned()]))];
    let command = Command::Settings(SettingsCommand::Set(list.into()));
    let context = ledger_world::context(Actor::Operator);
    let (idempotency, credentials, only_at) = (None, Vec::new(), None);
    writer.submit(Submission { context, command, idempotency, credentials, only_at }).await.unwrap();
    let lets_in = async || {
        writer.catch_up().await.unwrap();
        writer.published().organization.settings.lets_in(Some("127.0.0.1".parse().unwrap()))
    };
    let recover = ["recover", "--organization", "acme", "--login", "ada"];
    assert_eq!(code(&world.run(&recover)), 0);
    assert!(!lets_in().await);
    assert_eq!(code(&world.run(&[recover.as_slice(), &["--any-address"]].concat())), 0);
    assert!(lets_in().await);
}

#[test]
fn verify_is_clean_names_a_forged_row_and_exits_with_one() {
    let world = World::new();
    let clean = json(&world.run(&["--json", "verify"]));
    assert_eq!(clean["findings"].as_array().unwrap().len(), 0);
    assert_eq!(code(&world.run(&["verify", "--organization", "nobody"])), 3);
    let file = world.folder.path().join("rollbook-data/rollbook.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    // As somebody with the file would: past the guards.
    let triggers: Vec<String> = {
        let mut names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for trigger in triggers {
        database.execute(&format!("DROP TRIGGER {trigger}"), []).unwrap();
    }
    let forged = "UPDATE events SET payload = replace(payload, 'ada', 'eve')
        WHERE aggregate_type = 'organization' AND sequence = 1";
    let forged = forged.replace("'ada', 'eve'", "'acme', 'evil'");
    assert_eq!(database.execute(&forged, []).unwrap(), 1);
    drop(database);
    let found = world.run(&["--json", "verify"]);
    assert_eq!(code(&found), 1, "{}", stderr(&found));
    let findings = json(&found)["findings"].clone();
    assert!(findings.as_array().unwrap().iter().any(|one| one["kind"] == "content" && one["position"] == 1));
}

#[test]
fn rebuild_says_what_is_live_now() {
    let world = World::new();
    let rebuilt = json(&world.run(&["--json", "rebuild"]));
    assert!(rebuilt["rows"].as_u64().unwrap() > 5, "{rebuilt}");
    let database =
        rusqlite::Connection::open(world.folder.path().join("rollbook-data/rollbook.sqlite")).unwrap();
    let ran = "SELECT payload FROM events WHERE aggregate_type = 'system' AND event_type = 'operator.ran'";
    let told: String = database.query_row(ran, [], |row| row.get(0)).unwrap();
    assert_eq!(told, r#"{"operation":"rebuild"}"#);
}

#[test]
fn a_refusal_at_the_command_line_names_the_flag_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let owner = |more: &[&str]| {
        let founding = ["init", "--organization", "acme", "--owner-name", "Ada"];
        let refused = run(folder.path(), &[&founding, more].concat());
        assert_eq!(code(&refused), 3, "{}", stderr(&refused));
        stderr(&refused)
    };
    assert!(owner(&["--owner", "a b"]).contains("--owner: "), "{}", owner(&["--owner", "a b"]));
    let said = owner(&["--owner", "ada", "--owner-email", "nonsense"]);
    assert!(said.contains("--owner-email: ") && !said.contains("nonsense"), "{said}");
    let world = World::new();
    for (wrong, wanted) in [("", "--reason: say why"), (" ", "--reason: say why")] {
        let refused = world.run(&["recover", "--organization", "acme", "--login", "ada", "--reason", wrong]);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains(wanted), "{}", stderr(&refused));
    }
    let long = "x".repeat(70_000);
    let refused = world.run(&["recover", "--organization", "acme", "--login", "ada", "--reason", &long]);
    assert_eq!(code(&refused), 3);
    assert!(stderr(&refused).contains("--reason: "), "{}", stderr(&refused));
}

#[test]
fn a_database_that_nobody_serves_is_told_from_one_that_cannot_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let verify = |url: &str| run(folder.path(), &["verify", "--database-url", url]);
    // Port 1 is never served.
    let nobody = verify("postgres://u:planted@127.0.0.1:1/x");
    assert_eq!(code(&nobody), 4, "{}", stderr(&nobody));
    let said = stderr(&nobody);
    assert!(said.contains("at 127.0.0.1, port 1: ") && said.contains("refused"), "{said}");
    assert!(!said.contains("planted"), "{said}");
    let unreadable = verify("postgres://u:planted@127.0.0.1/x?sslmode=wat");
    assert_eq!(code(&unreadable), 2, "{}", stderr(&unreadable));
    assert!(stderr(&unreadable).contains("`database_url`"), "{}", stderr(&unreadable));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let no_folder = run(folder.path(), &["init", "--organization", "a", "--owner", "b", "--data", "file"]);
    assert_eq!(code(&no_folder), 2);
    assert!(stderr(&no_folder).contains("--data file is not a folder"), "{}", stderr(&no_folder));
}

#[test]
fn serve_says_where_it_listens_first_and_ends_with_zero_on_sigterm() {
    let world = World::new();
    let mut command = rollbook();
    command.current_dir(&world.folder).args(["serve", "--listen", "127.0.0.1:0", "--log-format", "text"]);
    let mut server = Server::start(&mut command);
    assert!(server.url().starts_with("http://127.0.0.1:"));
    // A connection that asks nothing must not hold it up.
    let _idle = std::net::TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    let taken = server.url().trim_start_matches("http://").to_owned();
    let second = world.run(&["serve", "--listen", &taken]);
    assert_eq!(code(&second), 4, "{}", stderr(&second));
    assert!(server.stop().success(), "{}", server.stderr());
}
