//! What no lint can see: the repository reads itself and says what is out of order, and what to do about it.
//!
//! Each check is one test whose name is the rule. A check finds all offenders at once. It looks at the files that git
//! would keep, added or not. The rules and their reasons are in `docs/CONTRIBUTING.md`.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Each crate and the ones it may use. What is true knows nothing of how it is kept; what is kept, nothing of who asks.
const LAYERS: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("ledger", &["domain"]),
    ("projections", &["domain", "ledger"]),
    ("replay", &["domain", "ledger", "projections"]),
    ("api", &["domain", "ledger", "projections", "replay"]),
    ("tests", &["domain", "ledger", "projections", "replay", "api"]),
];
/// What `domain` must not even reach: a runtime, a database, a web server, or the framework that brings a runtime.
const NOT_IN_DOMAIN: [&str; 5] = ["tokio", "sqlx", "rusqlite", "axum", "cqrs-es"];

const RUST_LINES_MAX: usize = 400;
const DECISION_LINES_MAX: usize = 60;
const DECISION_HEADINGS: [&str; 5] =
    ["## Status", "## Context", "## Decision", "## What speaks against it", "## Consequences"];

const GOLDEN_EVENTS: &str = "tests/fixtures/events";
/// Golden events that were changed before the first release stored any, each with its reason. It never grows later.
const REWRITTEN_GOLDEN_EVENTS: [(&str, &str); 0] = [];

/// Written in two parts, so that this file does not offend against itself.
const LEFT_FOR_LATER: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACHINE_PATH: &str = concat!("/wo", "rk/");
const FOREIGN_TOOLS: [&str; 5] = [
    concat!("clau", "de"),
    concat!("anth", "ropic"),
    concat!("open", "ai"),
    concat!("chat", "gpt"),
    concat!("copi", "lot"),
];

#[test]
fn crates_depend_one_way() {
    let allowed: BTreeMap<_, _> = LAYERS.into_iter().collect();
    let mut problems = Vec::new();
    for package in members(&metadata()) {
        let name = short_name(text(&package["name"])).to_owned();
        let Some(may_use) = allowed.get(name.as_str()) else {
            problems.push(format!("{name} has no place in LAYERS"));
            continue;
        };
        let uses =
            package["dependencies"].as_array().unwrap().iter().map(|dependency| text(&dependency["name"]));
        let wrong =
            uses.filter_map(|used| used.strip_prefix("rollbook-")).filter(|used| !may_use.contains(used));
        problems.extend(wrong.map(|used| format!("{name} uses {used}")));
    }
    none(
        "the order is domain ◄ ledger ◄ projections ◄ replay ◄ api; tests sees all. Move what is shared down, or hand it up as a value",
        problems,
    );
}

#[test]
fn domain_reaches_no_runtime_no_database_and_no_web_server() {
    let reached = reached_from(&metadata(), "rollbook-domain");
    assert!(reached.contains("serde"), "this check no longer reads cargo's metadata rightly: {reached:?}");
    let wrong = reached.into_iter().filter(|name| {
        NOT_IN_DOMAIN.iter().any(|banned| name == banned || name.starts_with(&format!("{banned}-")))
    });
    none(
        "domain is pure: decide and apply are plain functions. Put the adapter into ledger or api, or find which dependency brings this by `cargo tree -p rollbook-domain -i NAME`",
        wrong,
    );
}

#[test]
fn only_the_ledger_names_the_events_table() {
    let wrong = files()
        .into_iter()
        .filter(|path| {
            is(path, &["rs", "sql"])
                && !path.starts_with("ledger/")
                && !path.starts_with("tests/")
                && !path.starts_with("benches/")
        })
        .filter(|path| names_events_table(&without_comments(&read(path))));
    none(
        "only ledger/, tests/ and benches/ may name the table `events` in SQL. Ask the ledger for entries instead",
        wrong,
    );
}

#[test]
fn every_rust_file_begins_by_saying_what_it_is() {
    let wrong = files().into_iter().filter(|path| is(path, &["rs"]) && !read(path).starts_with("//!"));
    none("begin with `//!`: what this is, and what it deliberately does not do", wrong);
}

#[test]
fn no_rust_file_is_longer_than_400_lines() {
    let lengths =
        files().into_iter().filter(|path| is(path, &["rs"])).map(|path| (read(&path).lines().count(), path));
    let wrong =
        lengths.filter(|(lines, _)| *lines > RUST_LINES_MAX).map(|(lines, path)| format!("{path}: {lines}"));
    none("split by what belongs together: a folder with mod.rs, one thing in each file", wrong);
}

#[test]
fn every_decision_is_numbered_short_and_says_what_speaks_against_it() {
    let decisions: Vec<String> =
        files().into_iter().filter_map(|path| path.strip_prefix("docs/adr/").map(str::to_owned)).collect();
    let mut problems: Vec<String> = decisions.iter().flat_map(|name| problems_of_decision(name)).collect();
    let numbers: BTreeSet<usize> = decisions.iter().filter_map(|name| decision_number(name)).collect();
    problems
        .extend((1..=decisions.len()).filter(|n| !numbers.contains(n)).map(|n| format!("{n:04} is missing")));
    none(
        "docs/adr/NNNN-name.md, counted from 0001, has at most 60 lines and the five headings in their order",
        problems,
    );
}

#[test]
fn nothing_in_the_sources_is_left_for_later() {
    let sources = ["rs", "toml", "sql", "html", "css", "js", "sh", "py", "run"];
    let mut problems = Vec::new();
    for path in files().into_iter().filter(|path| is(path, &sources) && !is_foreign_work(path)) {
        for (line, number) in read(&path).lines().zip(1..) {
            if LEFT_FOR_LATER.iter().any(|mark| words(line).any(|word| word == *mark)) {
                problems.push(format!("{path}:{number}"));
            }
        }
    }
    none("do it now, or open an issue and say in a sentence what is not done", problems);
}

#[test]
fn every_markdown_file_has_exactly_one_title() {
    let titles = |path: &String| prose(&read(path)).filter(|line| line.starts_with("# ")).count();
    let pages = files().into_iter().filter(|path| is(path, &["md"])).map(|path| (titles(&path), path));
    let wrong =
        pages.filter(|(titles, _)| *titles != 1).map(|(titles, path)| format!("{path}: {titles} titles"));
    none("one `# Title` on each page, `##` for its parts", wrong);
}

#[test]
fn golden_events_never_change() {
    // An event once stored is read for ever, so its sample is too: since it was added, and since the last commit.
    let asked: [&[&str]; 2] = [&["log", "--format="], &["diff", "HEAD"]];
    let changes = ["--no-renames", "--diff-filter=MD", "--name-only", "--relative", "--", GOLDEN_EVENTS];
    let changed: BTreeSet<String> = asked
        .iter()
        .filter_map(|command| git(&[command, changes.as_slice()].concat()))
        .flat_map(|paths| paths.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|path| is(path, &["json"]) && !REWRITTEN_GOLDEN_EVENTS.iter().any(|(known, _)| known == path))
        .collect();
    none(
        "put the old golden event back: a new shape is a new version with an upcaster and a file of its own",
        changed,
    );
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let wrong = LAYERS
        .into_iter()
        .map(|(folder, _)| format!("{folder}/Cargo.toml"))
        .filter(|manifest| !read(manifest).contains("\n[lints]\nworkspace = true\n"));
    none("add `[lints]` with `workspace = true` to the manifest: a rule holds everywhere or nowhere", wrong);
}

#[test]
fn no_file_names_the_machine_or_the_tools_it_was_written_with() {
    let mut problems = Vec::new();
    for path in files() {
        // A picture is no text and names nothing.
        let Ok(content) = String::from_utf8(fs::read(root().join(&path)).unwrap()) else { continue };
        for (line, number) in content.lines().zip(1..) {
            if names_machine_or_tool(line) {
                problems.push(format!("{path}:{number}"));
            }
        }
    }
    none("say it without the path or the name: readers have neither", problems);
}

#[test]
fn these_checks_find_what_they_look_for() {
    for sql in
        ["SELECT 1 FROM events e", "insert into\n  \"events\"(x)", "DELETE FROM main.events;", "on events\\n"]
    {
        assert!(names_events_table(sql), "{sql}");
    }
    for sql in
        ["FROM event_subjects", "{\"events\": []}", "FROM events_old", "the events", "from x where events"]
    {
        assert!(!names_events_table(sql), "{sql}");
    }
    assert!(!names_events_table(&without_comments(
        "//! folded from events\nlet a = 1; // from events\n-- on events"
    )));
    assert!(without_comments("\"https://h\"").contains("//h"));
    assert_eq!(prose("# a\n```sh\n# b\n```\n~~~\n# c\n~~~\n# d").collect::<Vec<_>>(), ["# a", "# d"]);
    assert_eq!((decision_number("0012-a-name.md"), decision_number("12-a.md")), (Some(12), None));
    assert!(words("// xx(yy): ").any(|word| word == "yy"));
    assert!(names_machine_or_tool(&format!("see {MACHINE_PATH}main")));
    assert!(!names_machine_or_tool(&format!("https://h{MACHINE_PATH}main")));
}

/// Fails with all offenders, after what to do about them.
fn none(advice: &str, problems: impl IntoIterator<Item = String>) {
    let problems: Vec<String> = problems.into_iter().collect();
    assert!(problems.is_empty(), "{advice}:\n  {}\n", problems.join("\n  "));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether a path's extension is one of these; a file without one goes by its name.
fn is(path: &str, kinds: &[&str]) -> bool {
    kinds.contains(&path.rsplit(['.', '/']).next().unwrap_or_default())
}

/// Scripts and styles of others that we carry as they are.
fn is_foreign_work(path: &str) -> bool {
    path.contains("/vendor/") || path.contains(".min.")
}

/// What git prints, or `None` where there is no repository, as in an unpacked archive.
fn git(arguments: &[&str]) -> Option<String> {
    // CI may check out as another user; this only reads.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "core.quotePath=off"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("git is installed (tests/run sees to it)");
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Paths of all files that are the project's, relative to its root.
fn files() -> Vec<String> {
    match git(&["ls-files", "--cached", "--others", "--exclude-standard"]) {
        Some(paths) => paths.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect(),
        None => walk(&root()),
    }
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        } else if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            found.extend(walk(&path));
        }
    }
    found
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The lines of a Markdown page that are not in a code fence.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut fence = None;
    page.lines().filter(move |line| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(close)) if open == close => fence = None,
            (None, None) => return true,
            _ => {}
        }
        false
    })
}

fn decision_number(name: &str) -> Option<usize> {
    let (number, rest) = name.split_once('-')?;
    (number.len() == 4 && rest.ends_with(".md")).then(|| number.parse().ok())?
}

fn problems_of_decision(name: &str) -> Vec<String> {
    let page = read(&format!("docs/adr/{name}"));
    let headings: Vec<&str> = prose(&page).filter(|line| DECISION_HEADINGS.contains(line)).collect();
    let lines = page.lines().count();
    let found = [
        (decision_number(name).is_none(), format!("{name} is not called NNNN-name.md")),
        (headings != DECISION_HEADINGS, format!("{name} has {headings:?} of {DECISION_HEADINGS:?}")),
        (lines > DECISION_LINES_MAX, format!("{name} has {lines} lines")),
    ];
    found.into_iter().filter(|(wrong, _)| *wrong).map(|(_, problem)| problem).collect()
}

/// Rust and SQL without line comments, whose prose may say "from events". A `//` inside a word is a URL.
fn without_comments(source: &str) -> String {
    let code = |line: &str| {
        let starts = [" //", " --"].iter().filter_map(|mark| format!(" {line}").find(mark)).min();
        line.get(..starts.unwrap_or(line.len())).unwrap_or_default().to_owned()
    };
    source.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Whether text has the table `events` after a word of SQL that a table follows, whatever the quotes and line ends.
fn names_events_table(text: &str) -> bool {
    const BEFORE_A_TABLE: [&str; 9] =
        ["from", "into", "table", "update", "truncate", "on", "join", "exists", "references"];
    let plain = text.to_lowercase().replace("\\n", " ").replace(['"', '`', '\\', '\''], " ");
    let parts: Vec<&str> = plain.split_whitespace().collect();
    parts.array_windows().any(|[before, name]| {
        let name =
            name.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').next().unwrap_or_default();
        let name = name.trim_end_matches('.');
        BEFORE_A_TABLE.contains(before) && (name == "events" || name.ends_with(".events"))
    })
}

fn names_machine_or_tool(line: &str) -> bool {
    let mut paths = line.match_indices(MACHINE_PATH).map(|(at, _)| line[..at].chars().next_back());
    // After a letter or a digit it is the inside of a longer path or of a URL.
    let is_path = paths.any(|before| before.is_none_or(|c| !c.is_alphanumeric() && !"_-.".contains(c)));
    let line = line.to_lowercase();
    is_path || FOREIGN_TOOLS.iter().any(|tool| line.contains(tool))
}

/// Cargo's own description of the workspace and of all it depends on, for this machine.
fn metadata() -> Value {
    let cargo = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // Without the filter cargo would download what only other systems need.
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--filter-platform", host])).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("cargo metadata has no text here: {value}"))
}

fn short_name(package: &str) -> &str {
    package.strip_prefix("rollbook-").unwrap_or(package)
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let ids = metadata["workspace_members"].as_array().unwrap();
    metadata["packages"].as_array().unwrap().iter().filter(|package| ids.contains(&package["id"]))
}

/// Names of all packages that a package is built with or from, through any number of steps; not its tests' ones.
fn reached_from(metadata: &Value, package: &str) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeMap<&str, &str> = packages.iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<&str, &Value> = nodes.iter().map(|node| (text(&node["id"]), node)).collect();
    let mut waiting: Vec<&str> =
        names.iter().filter(|(_, name)| **name == package).map(|(id, _)| *id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let uses = nodes[id]["deps"].as_array().unwrap().iter().filter(|used| is_built_with(used));
            waiting.extend(uses.map(|used| text(&used["pkg"])));
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

fn is_built_with(dependency: &Value) -> bool {
    dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev")
}
