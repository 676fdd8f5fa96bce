//! The tables: made once, kept over a restart, not touched by an older release, narrow for `serve`.

use rollbook_ledger::store::{
    AppendError, Appended, Batch, Counting, Prune, SchemaError, SchemaState, Store, StoreError,
};

use crate::bench::{Bench, Place, database, fresh, on_both, on_server, server};
use crate::rows::{activity, append_one, batch_after, command, fill, organization};

on_both! {
    migrating_again_changes_nothing
    tables_of_a_newer_release_are_refused
    a_reopened_store_has_everything
}

async fn migrating_again_changes_nothing(bench: &Bench) {
    fill(&bench.store, &organization(), &[2]).await;
    assert_eq!(bench.store.schema_state().await, Ok(SchemaState::Current));
    assert_eq!(bench.store.migrate().await, Ok(()));
    assert_eq!(bench.store.read(&organization(), 1, 2, 2).await.unwrap().len(), 2);
}

async fn tables_of_a_newer_release_are_refused(bench: &Bench) {
    bench.run("INSERT INTO rollbook_schema (version) VALUES (7)").await.unwrap();
    assert_eq!(bench.store.schema_state().await, Ok(SchemaState::Newer(7)));
    assert_eq!(bench.store.migrate().await, Err(SchemaError::Newer { found: 7, known: 1 }));
}

async fn a_reopened_store_has_everything(bench: &Bench) {
    let mut batch = fill(&bench.store, &organization(), &[2, 2]).await.pop().unwrap();
    batch = batch_after(&organization(), &batch.frontier, 1, 3_000);
    batch.commands = vec![command("k")];
    bench.store.append(batch.clone()).await.unwrap();
    let before = bench.store.read(&organization(), 1, 5, 9).await.unwrap();
    let again = bench.reopen().await;
    assert_eq!(again.read(&organization(), 1, 5, 9).await.unwrap(), before);
    assert_eq!(again.head(&organization()).await.unwrap().unwrap().batch, batch.batch);
    assert_eq!(again.command(&organization().id, "user:ann", "k").await, Ok(Some(command("k"))));
    assert_eq!(append_one(&again, &organization()).await, 0);
    assert_eq!(append_one(&bench.store, &organization()).await, 0);
    again.close().await;
}

#[tokio::test]
async fn a_new_sqlite_file_is_private_and_has_no_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let store = Store::sqlite(&path).await.unwrap();
    assert_eq!(store.schema_state().await, Ok(SchemaState::Missing));
    assert_eq!(store.grant_serve("serve").await, Err(SchemaError::NoRoles));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_database_that_is_not_utf8_is_not_suitable() {
    let name = fresh("rb_ascii");
    let create =
        format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    on_server(&server(), &create).await.unwrap();
    let opened = Store::postgres(&database(&name), 1).await.map(drop);
    on_server(&server(), &format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    assert_eq!(opened, Err(StoreError::Unsuitable("the database's encoding is not utf8".to_owned())));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let opened = Store::postgres("postgres://nobody:secret@127.0.0.1:1/none", 1).await.map(drop);
    let message = opened.unwrap_err().to_string();
    assert!(message.starts_with("the database is not available") && !message.contains("secret"), "{message}");
}

#[tokio::test]
async fn the_serve_role_can_work_and_cannot_change_history() {
    crate::bench::on_postgres(serve_role).await;
}

async fn serve_role(bench: &Bench) {
    let Place::Postgres(url) = &bench.place else { return };
    let role = fresh("rb_serve");
    on_server(&server(), &format!("CREATE ROLE {role}")).await.unwrap();
    assert_eq!(bench.store.grant_serve("x; DROP TABLE events").await, Err(SchemaError::RoleName));
    bench.store.grant_serve(&role).await.unwrap();
    bench.store.grant_serve(&role).await.unwrap();
    let serve = Store::postgres(&format!("{url}?options=-c%20role%3D{role}"), 2).await.unwrap();
    works(&serve).await;
    for sql in [
        "UPDATE events SET actor = 'x'",
        "DELETE FROM events",
        "TRUNCATE events",
        "DROP TRIGGER events_insert ON events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TABLE events",
        "DELETE FROM heads",
        "UPDATE heads SET pruned = 1",
        "UPDATE personal_values SET vals = '[]'",
        "SET session_replication_role = replica",
        "CREATE TABLE public.mine (a int)",
        "CREATE OR REPLACE FUNCTION public.rollbook_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "UPDATE rollbook_schema SET version = 0",
    ] {
        let message = bench.run(&format!("SET ROLE {role}; {sql}")).await.expect_err(sql);
        assert!(
            ["permission denied", "must be owner"].iter().any(|no| message.contains(no)),
            "{sql}: {message}"
        );
    }
    let shadow = "CREATE TEMP TABLE heads AS SELECT 'organization' AS aggregate_type, \
                  '0190a1b2-0000-7000-8000-000000000001' AS aggregate_id, 5 AS position, 0 AS pruned;";
    let forged = "INSERT INTO public.events SELECT aggregate_type, aggregate_id, sequence + 4, event_type, \
                  event_version, payload, metadata, at, actor, batch, leaf FROM public.events WHERE sequence = 1";
    let message = bench.run(&format!("SET ROLE {role}; {shadow} {forged}")).await.unwrap_err();
    assert!(message.contains("rollbook:"), "{message}");
    bench.run(&format!("SET ROLE {role}; CREATE TABLE projections.mine (a int)")).await.unwrap();
    serve.close().await;
    bench.run(&format!("DROP OWNED BY {role}")).await.unwrap();
    on_server(&server(), &format!("DROP ROLE {role}")).await.unwrap();
}

async fn works(serve: &Store) {
    let mark = uuid::Uuid::from_u128(7);
    let counting = Counting { aggregate_id: "org".to_owned(), mark, since_us: 5 };
    serve.put_counting(&counting).await.unwrap();
    assert_eq!(serve.counting_before(5).await, Ok(Vec::new()));
    assert_eq!(serve.counting_before(6).await, Ok(vec![counting]));
    serve.delete_counting("org", mark).await.unwrap();
    assert_eq!(serve.counting_before(6).await, Ok(Vec::new()));
    let import = crate::side::import("i1", 5);
    serve.put_import("org", &import).await.unwrap();
    assert_eq!(serve.import("org", "i1").await, Ok(Some(import)));
    assert_eq!(serve.forget_imports("org").await, Ok(0));
    let batch = fill(serve, &organization(), &[1, 2]).await.pop().unwrap();
    let acts = fill(serve, &activity(), &[2]).await.pop().unwrap().frontier;
    let prune = Some(Prune { from: 0, to: 1 });
    let pruning = Batch { prune, ..batch_after(&activity(), &acts, 1, 9_000) };
    assert_eq!(serve.append(pruning).await, Ok(Appended::Done));
    assert_eq!(serve.head(&activity()).await.unwrap().unwrap().pruned, 1);
    assert_eq!(serve.append(batch).await, Err(AppendError::Conflict));
    assert_eq!(serve.read(&organization(), 1, 3, 9).await.unwrap().len(), 3);
    assert_eq!(serve.delete_personal(&organization(), "bob").await, Ok(3));
    assert_eq!(serve.purge_commands(i64::MAX).await, Ok(0));
    assert!(matches!(serve.migrate().await, Ok(())), "nothing to migrate needs no right");
}
