//! The tables of the documentation are the tables of the program: settings and codes.

use rollbook_api::config::KNOWN;
use rollbook_domain::settings::state::{Setting, SettingValue};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn document(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).unwrap()
}

#[test]
fn the_operations_guide_lists_every_setting_as_it_is() {
    let guide = document("OPERATIONS.md");
    for known in KNOWN {
        let default = if known.default.is_empty() { "none".into() } else { format!("`{}`", known.default) };
        let (key, upper) = (known.key, known.key.to_uppercase());
        let row =
            format!("| `{key}` | `ROLLBOOK_{upper}` | {default} | {} | {} |", known.limits, known.about);
        assert!(guide.contains(&row), "docs/OPERATIONS.md misses the row\n{row}");
    }
    assert_eq!(guide.matches("| `ROLLBOOK_").count(), KNOWN.len(), "a row for a setting that is not there");
}

#[test]
fn the_api_guide_lists_every_setting_of_an_organization_as_it_is() {
    let guide = document("API.md");
    for setting in Setting::ALL {
        let default = match setting.default_value() {
            SettingValue::Flag(flag) => flag.to_string(),
            SettingValue::Number(number) => number.to_string(),
            SettingValue::Word(word) => word,
            SettingValue::List(entries) => format!("{entries:?}"),
        };
        let row = format!("| `{setting}` | {} | `{default}` | ", setting.wanted());
        assert!(guide.contains(&row), "docs/API.md misses the row\n{row}");
    }
}

/// The text of every Rust file below a folder.
pub(crate) fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") {
            into.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The texts in quotes right after `marker`, within the next few characters.
fn quoted_after<'a>(source: &'a str, marker: &'a str) -> impl Iterator<Item = &'a str> {
    source.split(marker).skip(1).filter_map(|rest| {
        let quote = rest.find('"').filter(|at| *at < 60)?;
        rest.get(quote + 1..)?.split('"').next()
    })
}

/// Codes of refusals in `domain` and of problems in `api`, read off the sources.
fn codes() -> BTreeSet<String> {
    let mut rules = Vec::new();
    sources(&root().join("domain/src"), &mut rules);
    let mut api = Vec::new();
    sources(&root().join("api/src"), &mut api);
    let arms = rules.iter().flat_map(|source| {
        let code = source.split("fn code(").skip(1);
        code.flat_map(|body| {
            let body = body.split("\n    }").next().unwrap();
            quoted_after(body, "=>")
        })
    });
    let markers = ["Problem::new(", "Self::new(StatusCode", "unavailable(", "logged("];
    let problems =
        api.iter().flat_map(|source| markers.iter().flat_map(|marker| quoted_after(source, marker)));
    let is_code =
        |text: &&str| text.len() > 3 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    arms.chain(problems).filter(is_code).map(str::to_owned).collect()
}

#[test]
fn the_api_guide_lists_every_code() {
    let guide = document("API.md");
    let missing: Vec<_> =
        codes().into_iter().filter(|code| !guide.contains(&format!("| `{code}` |"))).collect();
    assert!(missing.is_empty(), "docs/API.md misses {missing:?}");
}

/// Status and code of every problem that `api` makes by name, read off its sources.
fn statuses() -> BTreeSet<(String, String)> {
    let mut api = Vec::new();
    sources(&root().join("api/src"), &mut api);
    let mut found = BTreeSet::new();
    for source in &api {
        for rest in source.split("StatusCode::").skip(1) {
            let (name, rest) = rest.split_once(',').unwrap_or_default();
            let status = match name {
                "BAD_REQUEST" => 400,
                "UNAUTHORIZED" => 401,
                "FORBIDDEN" => 403,
                "NOT_FOUND" => 404,
                "METHOD_NOT_ALLOWED" => 405,
                "CONFLICT" => 409,
                "PAYLOAD_TOO_LARGE" => 413,
                "UNSUPPORTED_MEDIA_TYPE" => 415,
                "UNPROCESSABLE_ENTITY" => 422,
                "TOO_MANY_REQUESTS" => 429,
                "INTERNAL_SERVER_ERROR" => 500,
                _ => continue,
            };
            let code = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
            found.extend(code.map(|code| (code.to_owned(), status.to_string())));
        }
        for marker in ["unavailable(\"", "logged(\""] {
            let codes = source.split(marker).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(codes.map(|code| (code.to_owned(), "503".to_owned())));
        }
    }
    found
}

#[test]
fn the_api_guide_tells_each_code_with_the_status_that_it_is_answered_with() {
    let guide = document("API.md");
    let statuses = statuses();
    assert!(statuses.len() > 25, "{statuses:?}");
    let wrong: Vec<_> = statuses
        .into_iter()
        .filter(|(code, status)| !guide.contains(&format!("| `{code}` | {status} |")))
        .collect();
    assert!(wrong.is_empty(), "docs/API.md says otherwise of {wrong:?}");
}

#[test]
fn the_operations_guide_lists_every_metric_and_no_other() {
    let mut all = Vec::new();
    for folder in ["api/src", "ledger/src", "projections/src", "replay/src"] {
        sources(&root().join(folder), &mut all);
    }
    let kinds = ["counter!(", "gauge!(", "histogram!("];
    let named = all.iter().flat_map(|source| kinds.iter().flat_map(|kind| quoted_after(source, kind)));
    let recorded: BTreeSet<_> = named.filter(|name| name.starts_with("rollbook_")).collect();
    let guide = document("OPERATIONS.md");
    let listed = guide.split("| `rollbook_").skip(1).flat_map(|row| {
        let cell = row.split('|').next().unwrap_or_default();
        let names = cell.split("`rollbook_").map(|name| {
            let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(name.len());
            format!("rollbook_{}", &name[..end])
        });
        names.collect::<Vec<_>>()
    });
    let listed: BTreeSet<_> = listed.collect();
    assert_eq!(listed, recorded.into_iter().map(str::to_owned).collect());
}

#[test]
fn every_invariant_names_a_test_that_is_there() {
    let map = document("ARCHITECTURE.md");
    let invariants = map.split("## Invariants").nth(1).unwrap().split("## Walk").next().unwrap();
    let named: Vec<_> = invariants.split('`').filter(|word| word.ends_with(".rs")).collect();
    assert!(named.len() >= 12, "{named:?}");
    for file in named {
        assert!(root().join(file).exists(), "docs/ARCHITECTURE.md names {file}, which is not there");
    }
}
