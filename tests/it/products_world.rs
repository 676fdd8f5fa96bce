//! An organization of one product's catalog, founded at the command line and reached through the API.

use rollbook_api::app::{App, ServeOptions};
use rollbook_api::mail;
use rollbook_api::server;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_tests::client::{Answer, Client};
use rollbook_tests::process::rollbook;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What ordinary users sign in with here.
pub(crate) const PASSWORD: &str = "an ordinary passphrase";

/// The organization `acme`, founded at the command line and owned by `ada`.
pub(crate) struct World {
    pub(crate) anonymous: Client,
    pub(crate) ada: Client,
    folder: TempDir,
}

impl World {
    pub(crate) async fn founded(catalog: &str) -> Self {
        Self::with(catalog, ServeOptions::default()).await
    }

    /// One that is served differently.
    pub(crate) async fn with(catalog: &str, options: ServeOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--json", "init", "--organization", "acme", "--owner", "ada", "--catalog", catalog];
        let output = rollbook().current_dir(&folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let founded: Value = serde_json::from_slice(&output.stdout).unwrap();
        let anonymous = process(&folder, options).await;
        let ada = sign_in(&anonymous, "ada", founded["owner"]["password"].as_str().unwrap()).await;
        Self { anonymous, ada, folder }
    }

    /// A caller without credentials of another process on the same database.
    pub(crate) async fn another_process(&self) -> Client {
        process(&self.folder, ServeOptions::default()).await
    }

    /// Adds a user with a password; the client is theirs.
    pub(crate) async fn add(&self, login: &str, role: &str, profile: Option<&str>) -> Client {
        let body =
            json!({ "login": login, "name": login, "role": role, "profile": profile, "password": PASSWORD });
        let _ = self.ada.post("/api/v1/users", &body).await.expect(201);
        sign_in(&self.anonymous, login, PASSWORD).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ada.put(&format!("/api/v1{path}"), &body).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ada.post(&format!("/api/v1{path}"), &body).await
    }

    pub(crate) async fn catalog(&self) -> Value {
        self.ada.get("/api/v1/catalog").await.expect(200).json()
    }

    /// The answer to one `/check`.
    pub(crate) async fn may(&self, user: &str, permission: &str, target: Value, facts: Value) -> bool {
        let body = json!({ "user": user, "permission": permission, "target": target, "facts": facts });
        self.post("/check", body).await.expect(200).json()["allowed"] == true
    }
}

async fn process(folder: &TempDir, options: ServeOptions) -> Client {
    let store = Store::sqlite(&folder.path().join("rollbook-data/rollbook.sqlite")).await.unwrap();
    let app = App::new(Deployment::new(store, Clock::default()), options);
    tokio::spawn(mail::sending(app.clone()));
    Client::new(server::router(app))
}

pub(crate) async fn sign_in(client: &Client, login: &str, password: &str) -> Client {
    let body = json!({ "organization": "acme", "login": login, "password": password });
    let session = client.post("/api/v1/sessions", &body).await.expect(201);
    client.clone().bearer(session.json()["token"].as_str().unwrap())
}
