//! `rollbook import`: exit codes, what it prints, and what is left of one that was killed.

use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_tests::process::rollbook;
use serde_json::Value;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const HEADER: &str = "Username,Full Name,Email\n";
/// Enough that it is killed on the way.
const MANY: usize = 3_000;

/// A folder with the uContact organization `acme`, and a file.
fn founded(file: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let init = ["init", "--organization", "acme", "--owner", "ada", "--catalog", "ucontact"];
    assert!(rollbook().current_dir(&folder).args(init).output().unwrap().status.success());
    std::fs::write(folder.path().join("users.csv"), file).unwrap();
    folder
}

fn import(folder: &Path, more: &[&str]) -> Output {
    let arguments = ["--json", "import", "--from", "ucontact", "users.csv", "--organization", "acme"];
    rollbook().current_dir(folder).args(arguments).args(more).output().unwrap()
}

fn said(output: &Output) -> (i32, Value) {
    let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), told)
}

fn counts(told: &Value) -> [u64; 4] {
    ["created", "changed", "unchanged", "failed"].map(|name| told["report"][name].as_u64().unwrap())
}

#[test]
fn the_exit_code_says_whether_every_row_was_taken() {
    let folder = founded(&format!("{HEADER}bo,Bo,\ncy,Cy,cy@u.example\n"));
    let (code, told) = said(&import(folder.path(), &["--dry-run"]));
    assert_eq!((code, counts(&told)), (0, [2, 0, 0, 0]));
    let (code, told) = said(&import(folder.path(), &[]));
    assert_eq!((code, counts(&told), &told["state"]), (0, [2, 0, 0, 0], &"done".into()));
    std::fs::write(folder.path().join("users.csv"), format!("{HEADER}bo,Bo,\ndi,,\n")).unwrap();
    let output = import(folder.path(), &[]);
    assert_eq!((said(&output).0, counts(&said(&output).1)), (1, [0, 0, 1, 1]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 rows were refused"));
    assert_eq!(said(&import(folder.path(), &["--role", "No such role"])).0, 3);
    std::fs::write(folder.path().join("users.csv"), "a,b\n").unwrap();
    assert_eq!(said(&import(folder.path(), &[])).0, 2);
    std::fs::remove_file(folder.path().join("users.csv")).unwrap();
    assert_eq!(said(&import(folder.path(), &[])).0, 2);
}

async fn newest(store: &Store, organization: &str) -> Option<(String, String, u64)> {
    let import = store.imports(organization, None, 1).await.unwrap().pop()?;
    let report: Value = serde_json::from_str(&import.report).unwrap();
    Some((import.id, import.state, report["done"].as_u64().unwrap()))
}

#[tokio::test]
async fn an_import_that_is_killed_is_known_to_every_process_and_the_same_file_adds_nobody_twice() {
    let rows: String = (0..MANY).map(|nth| format!("u{nth},User {nth},\n")).collect();
    let folder = founded(&format!("{HEADER}{rows}"));
    let store = Store::sqlite(&folder.path().join("rollbook-data/rollbook.sqlite")).await.unwrap();
    let organization = {
        let deployment = Deployment::new(store.clone(), Clock::default());
        deployment.system().find("acme").await.unwrap().unwrap().id.to_string()
    };
    let mut child = rollbook();
    let _ = child.current_dir(&folder).args([
        "import",
        "--from",
        "ucontact",
        "users.csv",
        "--organization",
        "acme",
    ]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut done = 0;
    for _ in 0..3_000 {
        done = newest(&store, &organization).await.map_or(0, |(_, _, done)| done);
        if done > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    assert!((1..MANY as u64).contains(&done), "{done} rows were done when it was killed");
    let (id, state, done) = newest(&store, &organization).await.unwrap();
    assert_eq!(state, "running", "nobody could write down that it ended");
    let (code, told) = said(&import(folder.path(), &[]));
    let [created, changed, unchanged, failed] = counts(&told);
    assert_eq!((code, created + unchanged, changed, failed), (0, MANY as u64, 0, 0), "{told:#}");
    assert!(unchanged >= done, "{unchanged} were there, and {done} were told to be");
    let (again, state, _) = newest(&store, &organization).await.unwrap();
    assert_eq!((again == id, state.as_str()), (false, "done"));
    let verify = rollbook().current_dir(&folder).arg("verify").output().unwrap();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
}
