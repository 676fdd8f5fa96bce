//! The demonstration: built once, found again, three months long, and what it promises is true.

use rollbook_tests::process::{Server, rollbook};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn build(folder: &Path) -> Value {
    let output = rollbook().args(["--json", "demo", "--build-only", "--data"]).arg(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn answer(folder: &Path, arguments: &[&str]) -> Value {
    let output = rollbook().args(["--json", "--data"]).arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn it_is_built_once_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let first = build(folder.path());
    assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
    assert_eq!((&first["again"], first["people"].as_array().unwrap().len()), (&false.into(), 4));
    let second = build(folder.path());
    assert_eq!(second["again"], true);
    assert_eq!(first["people"], second["people"]);
    let mode = folder.path().join("demo.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let verified = answer(folder.path(), &["verify"]);
    assert_eq!(verified["findings"].as_array().unwrap().len(), 0);
    let profile = answer(folder.path(), &["history", "profile", "Team lead", "--organization", "north"]);
    let wrong = &profile["items"][0];
    assert_eq!(wrong["action"], "profile.grants_changed");
    assert_eq!(wrong["ticket"], "OPS-2417");
    let plan = [
        "rollback",
        "plan",
        "--organization",
        "north",
        "--subject",
        "profile:Team lead",
        "--to-version",
        "1",
    ];
    let plan = answer(folder.path(), &plan);
    assert_eq!((&plan["affected"]["count"], &plan["conflicts"]), (&7.into(), &Value::Array(Vec::new())));
}

#[test]
fn there_is_an_organization_of_each_product_with_three_months_of_history() {
    let folder = tempfile::tempdir().unwrap();
    let guide = build(folder.path());
    let products = guide["products"].as_array().unwrap();
    let names: Vec<_> = products.iter().map(|product| product["organization"].as_str().unwrap()).collect();
    assert_eq!(names, ["queuemetrics", "voximplant", "xcally", "ucontact"]);
    let mut command = rollbook();
    command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let mut server = Server::start(&mut command);
    for (product, tuesdays) in products.iter().zip([
        "role.keys_changed",
        "group.members_changed",
        "profile.grants_changed",
        "profile.grants_changed",
    ]) {
        let name = product["organization"].as_str().unwrap();
        for person in product["people"].as_array().unwrap() {
            let body = serde_json::json!({ "organization": name, "login": person["login"], "password": person["password"] });
            let session = curl(server.url(), "/sessions", &["-d", &body.to_string()]);
            let bearer = format!(
                "Authorization: Bearer {}",
                session["token"].as_str().unwrap_or_else(|| panic!("{name}: {session}"))
            );
            let me = curl(server.url(), "/me", &["-H", &bearer]);
            assert_eq!(me["user"]["login"], person["login"], "{me}");
            if person["role"] != "founder" {
                continue;
            }
            let catalog = curl(server.url(), "/catalog", &["-H", &bearer]);
            assert_eq!(catalog["name"], name);
            let done = curl(server.url(), "/activity?action=user.&limit=200", &["-H", &bearer]);
            assert!(done["items"].as_array().unwrap().len() > 10, "{name}: {done}");
            let query = format!("/activity?action={tuesdays}&limit=1");
            let wrong = curl(server.url(), &query, &["-H", &bearer]);
            assert_eq!(wrong["items"][0]["action"], tuesdays, "{name}: {wrong}");
        }
    }
    assert!(server.stop().success());
}

/// What a request answers; POST where there is a body.
fn curl(url: &str, path: &str, arguments: &[&str]) -> Value {
    let url = format!("{url}/api/v1{path}");
    let output = Command::new("curl")
        .args(["-s", "-H", "Content-Type: application/json", &url])
        .args(arguments)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn a_folder_that_holds_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letters.txt"), "dear").unwrap();
    let refused = rollbook().args(["demo", "--data"]).arg(folder.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    assert!(!folder.path().join("rollbook.sqlite").exists());
}

#[test]
fn the_printed_lines_do_the_three_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let guide = build(folder.path());
    let mut command = rollbook();
    command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let mut server = Server::start(&mut command);
    let lines = |list: &Value, member: Option<&str>| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| member.map_or(one, |name| &one[name]).as_str().unwrap().to_owned()).collect()
    };
    let mut script = lines(&guide["sign_in"], None);
    script.extend(lines(&guide["try"], Some("command")));
    let script = script.join("\n").replace(guide["address"].as_str().unwrap(), server.url());
    let output = Command::new("bash").args(["-ec", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    for said in ["profile.grants_changed", "jonas.lindqvist", "\"name\":\"Team lead\"", "\"position\":185"] {
        assert!(out.contains(said), "no {said} in\n{out}\n{err}");
    }
    assert!(!out.contains("urn:rollbook:problem"), "{out}");
    assert!(server.stop().success());
}

#[test]
fn nothing_else_tells_a_clock_the_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut callers = Vec::new();
    for crate_folder in ["domain", "ledger", "projections", "replay", "api"] {
        callers_of_told(&root.join(crate_folder).join("src"), &mut callers);
    }
    let callers: Vec<_> = callers.iter().map(|path| path.strip_prefix(root).unwrap()).collect();
    assert_eq!(callers, [Path::new("api/src/demo/build.rs")]);
}

/// Sources that call `Clock::told`; files of unit tests may.
fn callers_of_told(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_test {
            callers_of_told(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") && !is_test {
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains("Clock::told(") {
                into.push(path);
            }
        }
    }
}
