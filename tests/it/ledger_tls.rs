//! PostgreSQL over TLS, as the database's URL wants it. The certificates are for tests, and their key is no secret.
use crate::ledger_world::{founded, new_id};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::{Store, StoreError};
use rollbook_tests::pg_server::PgServer;
use rollbook_tests::process::rollbook;
use sqlx::Row as _;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls").join(name)
}

fn url(server: &PgServer, mode: &str, root: Option<&str>) -> String {
    let root = root.map(|name| format!("&sslrootcert={}", fixture(name).display())).unwrap_or_default();
    format!("{}?sslmode={mode}{root}", server.url())
}

async fn connect(server: &PgServer, mode: &str, root: Option<&str>) -> Result<Store, StoreError> {
    Store::postgres(&url(server, mode, root), 2).await
}

async fn is_encrypted(store: &Store) -> bool {
    let Store::Postgres(engine) = store else { panic!("it is PostgreSQL") };
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    sqlx::query(sql).fetch_one(engine.pool()).await.unwrap().get(0)
}

async fn refusal(server: &PgServer, mode: &str, root: Option<&str>) -> String {
    match connect(server, mode, root).await {
        Err(StoreError::Unavailable(why)) => why,
        other => panic!("{mode} {root:?}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_says_whether_tls_is_spoken_and_who_is_trusted() {
    let server = PgServer::start_with_tls(&fixture("server.pem"), &fixture("server-test-only.key"));
    for (mode, root, encrypted) in [
        ("disable", None, false),
        ("prefer", None, true),
        ("require", None, true),
        ("verify-ca", Some("root.pem"), true),
        ("verify-full", Some("root.pem"), true),
    ] {
        let store = connect(&server, mode, root).await.unwrap();
        assert_eq!(is_encrypted(&store).await, encrypted, "{mode}");
    }
    for (mode, root) in [
        ("verify-full", Some("other-root.pem")),
        ("verify-ca", Some("other-root.pem")),
        ("verify-full", None),
    ] {
        let why = refusal(&server, mode, root).await;
        assert!(why.starts_with("at 127.0.0.1, port ") && why.contains("no TLS with the server: "), "{why}");
        assert!(why.contains("UnknownIssuer"), "{why}");
        assert!(why.ends_with("see `sslmode` and `sslrootcert` of the database url"), "{why}");
    }
    let why = refusal(&server, "verify-full", Some("nowhere.pem")).await;
    assert!(why.ends_with("see the files that the database url names, such as `sslrootcert`"), "{why}");

    // The certificate is for 127.0.0.1.
    let by_name = url(&server, "verify-full", Some("root.pem")).replace("127.0.0.1", "localhost");
    let why = Store::postgres(&by_name, 2).await.unwrap_err().to_string();
    assert!(why.contains("no TLS with the server: ") && why.contains("localhost"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_written_over_verified_tls_and_a_wrong_root_ends_the_program() {
    let server = PgServer::start_with_tls(&fixture("server.pem"), &fixture("server-test-only.key"));
    let store = connect(&server, "verify-full", Some("root.pem")).await.unwrap();
    store.migrate().await.unwrap();
    let deployment = Deployment::new(store, Clock::default());
    let (open, _) = founded(&deployment, new_id()).await;
    assert!(open.writer.published().organization.position > 0);

    let verify =
        |root| rollbook().args(["--database-url", &url(&server, "verify-full", root), "verify"]).output();
    assert!(verify(Some("root.pem")).unwrap().status.success());
    let refused = verify(Some("other-root.pem")).unwrap();
    assert_eq!(refused.status.code(), Some(4));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("`sslrootcert`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let server = PgServer::start();
    let why = refusal(&server, "require", None).await;
    assert!(why.contains("server does not support TLS"), "{why}");
    assert!(why.contains("`sslmode`"), "{why}");
    assert!(!is_encrypted(&connect(&server, "prefer", None).await.unwrap()).await);
}
